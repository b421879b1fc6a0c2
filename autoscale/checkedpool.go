package autoscale

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/exopool/exopool/internal/clock"
)

// Calls of a [Pool], as labels of a metric.
const (
	callStatus = "status"
	callResize = "resize"
)

// A checkedPool calls a pool, measures it, and turns a panic in it, or a reading
// that cannot be true, into an error.
type checkedPool struct {
	pool    Pool
	clock   clock.Clock
	metrics *metrics
}

func (g checkedPool) Status(ctx context.Context) (status Status, err error) {
	defer g.finish(callStatus, &err)
	status, err = g.pool.Status(ctx)
	if err == nil && !credible(status) {
		err = fmt.Errorf("the provider reports a size of %d and %d members", status.Size, status.Members)
	}
	return status, err
}

func (g checkedPool) Resize(ctx context.Context, size int) (err error) {
	defer g.finish(callResize, &err)
	began := g.clock.Now()
	defer func() { g.metrics.resize.Observe(max(g.clock.Now().Sub(began), 0).Seconds()) }()
	return g.pool.Resize(ctx, size)
}

func (g checkedPool) finish(call string, err *error) {
	if cause := recover(); cause != nil {
		*err = fmt.Errorf("panic in %s: %v", call, cause)
	}
	if *err != nil {
		g.metrics.apiErrors.WithLabelValues(call).Inc()
	}
}

func credible(s Status) bool {
	return s.Size >= 0 && s.Members >= 0 && s.Size <= math.MaxInt32 && s.Members <= math.MaxInt32
}

// nothingChanged reports whether a failed resize is known to be without effect.
func nothingChanged(err error) bool {
	return errors.Is(err, ErrRefused) || errors.Is(err, ErrPoolNotFound)
}
