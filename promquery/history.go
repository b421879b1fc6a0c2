package promquery

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// A Point is what the query was worth at one time.
type Point struct {
	At    time.Time
	Value float64
}

const (
	// pointsPerAnswer is how many points are asked for at a time; servers refuse to
	// give more than 11,000.
	pointsPerAnswer = 10_000
	// maxPoints bounds what is asked for in all: ten years of minutes.
	maxPoints = 5_300_000
)

// History returns the values of the query from a time to another, both included, one
// each step, in order. The query gives a scalar or one series, whatever its labels;
// more at any time is an error. A value that is negative, infinite or no number is
// left out, like one that is missing.
func (c *Client) History(ctx context.Context, from, to time.Time, step time.Duration) ([]Point, error) {
	switch {
	case step < time.Second:
		return nil, fmt.Errorf("steps of %s, not 1s or longer", step)
	case !from.Before(to):
		return nil, errors.New("the time is over before it begins")
	case to.Sub(from)/step >= maxPoints:
		return nil, fmt.Errorf("more than %d points", maxPoints)
	}
	var points []Point
	for ; !from.After(to); from = from.Add(pointsPerAnswer * step) {
		last := from.Add((pointsPerAnswer - 1) * step)
		if last.After(to) {
			last = to
		}
		part, err := c.history(ctx, prometheus.Range{Start: from, End: last, Step: step})
		if err != nil {
			return nil, fmt.Errorf("query Prometheus at %s: %w", c.server, err)
		}
		points = append(points, part...)
	}
	return points, nil
}

// history returns the values of one answer.
func (c *Client) history(ctx context.Context, times prometheus.Range) ([]Point, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	result, _, _, err := c.api.QueryRange(ctx, c.cfg.Query, times,
		prometheus.WithTimeout(c.cfg.Timeout), prometheus.WithLookbackDelta(c.cfg.MaxAge))
	if err != nil {
		return nil, plain(err)
	}
	return readHistory(result, times)
}

// readHistory reads an answer.
func readHistory(result model.Value, times prometheus.Range) ([]Point, error) {
	matrix, ok := result.(model.Matrix)
	switch {
	case !ok:
		return nil, errors.New("the result is not a series of values")
	case len(matrix) == 0:
		return nil, nil
	case len(matrix) > 1:
		return nil, fmt.Errorf("there are %d series, not one", len(matrix))
	case matrix[0] == nil || len(matrix[0].Histograms) > 0:
		return nil, errors.New("the series has no numbers")
	case len(matrix[0].Values) > pointsPerAnswer:
		return nil, fmt.Errorf("there are %d values, more than were asked for", len(matrix[0].Values))
	}
	points := make([]Point, 0, len(matrix[0].Values))
	last := times.Start.Add(-times.Step)
	for _, pair := range matrix[0].Values {
		at, value := pair.Timestamp.Time(), float64(pair.Value)
		if !at.After(last) || at.After(times.End.Add(time.Second)) {
			return nil, fmt.Errorf("a value is of %s, which was not asked for there", at.UTC().Format(time.RFC3339))
		}
		last = at
		if !math.IsNaN(value) && !math.IsInf(value, 0) && value >= 0 {
			points = append(points, Point{At: at, Value: value})
		}
	}
	return points, nil
}
