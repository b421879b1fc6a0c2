package autoscale

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/exopool/exopool/internal/clock"
)

// Calls of a [Pool], as labels of a metric.
const (
	callStatus = "status"
	callResize = "resize"
	callEvict  = "evict"
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
	if err == nil {
		err = checkCredible(status)
	}
	return status, err
}

func (g checkedPool) Resize(ctx context.Context, size int) (err error) {
	defer g.finish(callResize, &err)
	defer g.observeDuration(g.clock.Now())
	return g.pool.Resize(ctx, size)
}

func (g checkedPool) Evict(ctx context.Context, ids []string) (err error) {
	defer g.finish(callEvict, &err)
	defer g.observeDuration(g.clock.Now())
	return g.pool.Evict(ctx, ids)
}

func (g checkedPool) observeDuration(began time.Time) {
	g.metrics.resize.Observe(max(g.clock.Now().Sub(began), 0).Seconds())
}

func (g checkedPool) finish(call string, err *error) {
	if cause := recover(); cause != nil {
		*err = fmt.Errorf("panic in %s: %v", call, cause)
	}
	if *err != nil {
		g.metrics.apiErrors.WithLabelValues(call).Inc()
	}
}

func checkCredible(s Status) error {
	if s.Size < 0 || s.Size > math.MaxInt32 {
		return fmt.Errorf("the provider reports a size of %d", s.Size)
	}
	if len(s.Settings) > maxSettings {
		return fmt.Errorf("the settings of the pool have %d bytes", len(s.Settings))
	}
	ids := make(map[string]bool, len(s.Members))
	for _, m := range s.Members {
		switch {
		case m.ID == "":
			return errors.New("the provider reports a member without an id")
		case ids[m.ID]:
			return fmt.Errorf("the provider reports %d members, and of two the id %q", len(s.Members), m.ID)
		}
		ids[m.ID] = true
	}
	return nil
}

// nothingChanged reports whether a failed resize is known to be without effect.
func nothingChanged(err error) bool {
	return errors.Is(err, ErrRefused) || errors.Is(err, ErrPoolNotFound)
}
