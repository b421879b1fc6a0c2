package forecast

import "math"

const (
	blendMemory = 3000.0 // predictions
	blendTurns  = 10     // predictions from one fit of the weights to the next
	ridge       = 0.02   // of the mean of the squares: weights stay small
	leastRidge  = 1e-6
	mostWeight  = 100.0 // of a forecast

	inBlend = 10 // forecasts in the blend
)

// blended returns the forecasts in the blend. It begins with the long mean, and takes
// a part of the way from it to each of them.
func blended() [inBlend]int {
	return [inBlend]int{byLast, byMean8, byMean20, byPeak, byTrend, byShortTrend, byDay, byWeek, byDays, bySmoothDays}
}

// A blend is the sum of forecasts with the weights that would have been best lately:
// those of least squares, where an error counts less when the load is large.
type blend struct {
	products [inBlend][inBlend]float64 // of the forecasts, on and below the diagonal
	with     [inBlend]float64          // products of the forecasts and the load
	weights  [inBlend]float64
}

// forecast returns what the others come to.
func (b *blend) forecast(all *[forecasts]float64) float64 {
	sum := all[byMean60]
	for i, f := range blended() {
		sum += b.weights[i] * (all[f] - all[byMean60])
	}
	return sum
}

// learn takes which load came after forecasts.
func (b *blend) learn(all []float64, load float64) {
	const keep = 1 - 1/blendMemory
	from := all[byMean60]
	weight := 1 / max(from, leastRootLoad)
	var x [inBlend]float64
	for i, f := range blended() {
		x[i] = all[f] - from
	}
	for i, xi := range x {
		row := &b.products[i]
		for j, xj := range x[:i+1] {
			row[j] = keep*row[j] + weight*xi*xj
		}
		b.with[i] = keep*b.with[i] + weight*xi*(load-from)
	}
}

// fit sets the weights anew, by Cholesky's decomposition. They stay as they are if
// there are none that are plausible.
func (b *blend) fit() {
	trace := 0.0
	for i := range inBlend {
		trace += b.products[i][i]
	}
	more := ridge*trace/inBlend + leastRidge
	var root [inBlend][inBlend]float64
	var half, weights [inBlend]float64
	for i := range root {
		row, sum := &root[i], b.with[i] //nolint:gosec // G602: below inBlend
		for j := range i {
			rest := b.products[i][j]
			for k, above := range root[j][:j] {
				rest -= row[k] * above
			}
			row[j] = rest / root[j][j] //nolint:gosec // G602: below inBlend
			sum -= row[j] * half[j]    //nolint:gosec // G602: below inBlend
		}
		rest := b.products[i][i] + more
		for _, left := range row[:i] {
			rest -= left * left
		}
		if !(rest > 0) {
			return
		}
		row[i] = math.Sqrt(rest)
		half[i] = sum / row[i] //nolint:gosec // G602: below inBlend
	}
	for i := inBlend - 1; i >= 0; i-- {
		rest := half[i]
		for k := i + 1; k < inBlend; k++ {
			rest -= root[k][i] * weights[k]
		}
		weights[i] = rest / root[i][i]
		if !(math.Abs(weights[i]) <= mostWeight) {
			return
		}
	}
	b.weights = weights
}

func (b *blend) visit(c *codec) {
	for i := range inBlend {
		for j := range i + 1 {
			c.number(&b.products[i][j], -maxProduct, maxProduct)
		}
		c.number(&b.with[i], -maxProduct, maxProduct)
		c.number(&b.weights[i], -mostWeight, mostWeight)
	}
}
