package chaos_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/exoscale"
)

// A run is one run of a program, from its start until it ends or is killed.
type run struct {
	world   *world
	name    string
	scaler  *scaler // nil: this is discovery
	loop    *autoscale.Loop
	handler http.Handler

	dead  atomic.Bool // killed: what it still does has no effect
	done  sync.WaitGroup
	stop  context.CancelFunc
	cut   context.Context // ends when the run is killed
	sever context.CancelFunc

	pace  pacer
	until time.Time // no call before, as the API has asked; guarded by world.mu
}

func newRun(w *world, name string, s *scaler) *run {
	r := &run{world: w, name: name, scaler: s}
	r.cut, r.sever = context.WithCancel(context.Background())
	return r
}

// begin runs the program until it is terminated or killed.
func (r *run) begin(program func(context.Context) error) {
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	defer time.Sleep(time.Nanosecond) // the program does first what it does at once
	r.done.Go(func() {
		defer func() {
			if cause := recover(); cause != nil {
				r.world.violation("%s panics: %v", r.name, cause)
			}
		}()
		if err := program(ctx); err != nil {
			r.world.violation("%s ends: %v", r.name, err)
		}
	})
}

// die makes sure that the run has no more effect.
func (r *run) die() {
	r.dead.Store(true)
	r.sever()
	if r.stop != nil {
		r.stop()
	}
}

// terminate ends the run as a signal does.
func (r *run) terminate() {
	r.stop()
	r.done.Wait()
	r.sever()
}

func (r *run) client() (*exoscale.Client, error) {
	key, secret := r.world.cloud.Credential()
	return exoscale.New(exoscale.Config{
		Key: key, Secret: secret, Zone: zone, Endpoint: "http://127.0.0.1/v2",
		Transport: r, Logger: r.world.logger(r),
	})
}

// attempt is how long a program waits for an answer.
const attempt = 10 * time.Second

// RoundTrip carries the API calls of the run, until it is killed: then nothing
// gets through, whatever its goroutines still try.
func (r *run) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	defer context.AfterFunc(r.cut, cancel)()
	r.world.allowed(r, req)
	var late time.Duration
	if req.Method == http.MethodGet { // only these are repeated as they are
		late = r.pace.wait(ctx)
	}
	c := r.world.before(r, req)
	if r.dead.Load() {
		return nil, io.ErrClosedPipe
	}
	began := time.Now()
	resp, err := r.world.transport.RoundTrip(req.WithContext(ctx))
	if err != nil && time.Since(began)+late == attempt {
		time.Sleep(late)
	}
	r.world.after(r, c, resp, err)
	if r.dead.Load() {
		return nil, io.ErrClosedPipe
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		r.pace.failed = time.Now()
	}
	if err != nil && ctx.Err() != nil && req.Context().Err() == nil {
		err = fmt.Errorf("cut off: %w", err)
	}
	return resp, err
}
