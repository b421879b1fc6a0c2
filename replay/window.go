package replay

import "math"

// A window holds the values of the last minute, one for each tick. NaN is a value
// that is not known.
type window struct {
	values []float64
	next   int
}

// newWindow returns a window of n values that are not known.
func newWindow(n int) *window {
	w := &window{values: make([]float64, n)}
	for i := range w.values {
		w.values[i] = math.NaN()
	}
	return w
}

func (w *window) add(value float64) {
	w.values[w.next] = value
	w.next = (w.next + 1) % len(w.values)
}

// mean returns the mean of the values that are known; NaN: none is.
func (w *window) mean() float64 { return w.newest(len(w.values)) }

// newest returns the mean of those of the n newest values that are known; NaN: none
// is.
func (w *window) newest(n int) float64 {
	sum, count := 0.0, 0
	for i := 1; i <= n; i++ {
		if value := w.values[(w.next-i+len(w.values))%len(w.values)]; !math.IsNaN(value) {
			sum += value
			count++
		}
	}
	return sum / float64(count)
}
