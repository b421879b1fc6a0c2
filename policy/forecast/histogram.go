package forecast

import "math"

const (
	partBits = 2  // an octave has 1<<partBits buckets
	octaves  = 16 // sizes of errors that are told apart
	lowest   = -7 // the first octave begins at 2^lowest
	side     = octaves << partBits
	buckets  = 2 * side

	mantissa = 52   // bits of a float64
	bias     = 1023 // of its exponent
)

// A histogram counts errors, each in units of its usual size, in buckets of relative
// width. The caller gives new errors more weight than old ones had.
type histogram struct {
	weight [buckets]float32
	total  float64
}

// bucketOf returns the bucket of an error.
func bucketOf(e float64) int {
	i := int(math.Float64bits(math.Abs(e))>>(mantissa-partBits)) - (bias+lowest)<<partBits
	i = min(max(i, 0), side-1)
	if e < 0 {
		return side - 1 - i
	}
	return side + i
}

// lowerBound returns the smallest error of a bucket, which is the largest of the
// bucket below it.
func lowerBound(bucket int) float64 {
	i := bucket - side
	if i < 0 {
		return -lowerBound(side - i)
	}
	if i == 0 {
		return 0
	}
	return math.Float64frombits(uint64(i+(bias+lowest)<<partBits) << (mantissa - partBits))
}

// add counts an error.
func (h *histogram) add(e, weight float64) {
	h.weight[bucketOf(e)] += float32(weight)
	h.total += weight
}

// addAtLeast counts an error of which a lower bound is known: it is as likely to be
// one of the larger ones as these have been.
func (h *histogram) addAtLeast(e, weight float64) {
	from := bucketOf(e)
	above := 0.0
	for _, w := range h.weight[from:] {
		above += float64(w)
	}
	if above <= 0 {
		h.add(e, weight)
		return
	}
	for i := from; i < buckets; i++ {
		h.weight[i] *= float32(1 + weight/above)
	}
	h.total += weight
}

// rescale multiplies all weights.
func (h *histogram) rescale(by float64) {
	h.total = 0
	for i := range h.weight {
		h.weight[i] *= float32(by)
		h.total += float64(h.weight[i])
	}
}

// A spread says how errors are distributed: as a histogram has them, and as many of
// another with the weight that more has.
type spread struct {
	own, other *histogram // other may be nil
	more       float64    // weight of a unit of other
}

// need returns how much it takes if the forecast is load and errors are in units of
// size: the least at which one member more costs more than the shortage that it
// avoids. A shortage of everything costs price members.
func (s spread) need(load, size, price float64) float64 {
	total := s.own.total
	if s.other != nil {
		total += s.more * s.other.total
	}
	room := total / price
	for i := buckets - 1; i >= 0; i-- {
		w := float64(s.own.weight[i])
		if s.other != nil {
			w += s.more * float64(s.other.weight[i])
		}
		if w <= 0 {
			continue
		}
		low, high := load+size*lowerBound(i), load+size*lowerBound(i+1)
		w /= members((low + high) / 2) // a member is a smaller part of a larger load
		if w >= room {
			return high - (high-low)*room/w
		}
		room -= w
	}
	return load + size*lowerBound(0)
}
