package promquery

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/common/model"
)

// Value returns the one value of the query, and when it was. The query gives a
// scalar, or one series, whatever its labels. It is an error if there is none, or
// several, or if the value is negative, infinite, no number or too old.
func (c *Client) Value(ctx context.Context) (value float64, at time.Time, err error) {
	result, err := c.query(ctx)
	if err == nil {
		value, at, err = single(result, time.Now(), c.cfg.MaxAge)
		if err != nil {
			err = fmt.Errorf("query Prometheus at %s: %w", c.server, err)
		}
	}
	return value, at, err
}

// single reads the result of a query for one value.
func single(result model.Value, now time.Time, maxAge time.Duration) (float64, time.Time, error) {
	var value float64
	var at time.Time
	switch result := result.(type) {
	case *model.Scalar:
		value, at = float64(result.Value), result.Timestamp.Time()
	case model.Vector:
		switch {
		case len(result) == 0:
			return 0, time.Time{}, errors.New("there is no series")
		case len(result) > 1:
			return 0, time.Time{}, fmt.Errorf("there are %d series, not one", len(result))
		case result[0] == nil || result[0].Histogram != nil:
			return 0, time.Time{}, errors.New("the series has no number")
		}
		value, at = float64(result[0].Value), result[0].Timestamp.Time()
	default:
		return 0, time.Time{}, errors.New("the result is not one value")
	}
	age := now.Sub(at)
	switch {
	case math.IsNaN(value), math.IsInf(value, 0), value < 0:
		return 0, time.Time{}, fmt.Errorf("the value is %v", value)
	case age > maxAge, age < -maxAge:
		return 0, time.Time{}, fmt.Errorf("the value is %s old", age.Round(time.Second))
	}
	return value, at, nil
}
