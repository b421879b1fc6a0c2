package process

import (
	"context"
	"sync"
)

// A crew starts goroutines and waits for them.
type crew struct {
	// start runs work in a goroutine of its own; its context ends with the
	// stop function that start returns.
	start func(work func(context.Context)) (stop context.CancelFunc)
	// dismiss ends the context of all.
	dismiss context.CancelFunc
	wg      sync.WaitGroup
}

// newCrew takes the values of ctx, not its end: what a driver runs lives from
// one of its methods to another, and these carry no context.
func newCrew(ctx context.Context) *crew {
	c := &crew{}
	ctx, c.dismiss = context.WithCancel(context.WithoutCancel(ctx))
	c.start = func(work func(context.Context)) context.CancelFunc {
		ctx, stop := context.WithCancel(ctx)
		c.wg.Go(func() {
			defer stop()
			work(ctx)
		})
		return stop
	}
	return c
}
