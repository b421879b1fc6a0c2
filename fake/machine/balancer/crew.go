package balancer

import (
	"context"
	"sync"
)

// start runs work in a goroutine of its own; its context ends with stop.
type start func(work func(context.Context)) (stop context.CancelFunc)

// A crew starts goroutines and waits for them.
type crew struct {
	start   start
	dismiss context.CancelFunc // ends the context of all
	all     *sync.WaitGroup
}

// newCrew takes the values of ctx, not its end: what load balancers run lives
// from one of their methods to another, and these carry no context.
func newCrew(ctx context.Context) crew {
	c := crew{all: new(sync.WaitGroup)}
	ctx, c.dismiss = context.WithCancel(context.WithoutCancel(ctx))
	c.start = func(work func(context.Context)) context.CancelFunc {
		ctx, stop := context.WithCancel(ctx)
		c.all.Go(func() {
			defer stop()
			work(ctx)
		})
		return stop
	}
	return c
}
