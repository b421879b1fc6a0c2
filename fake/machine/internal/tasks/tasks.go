// Package tasks runs goroutines that live longer than the call that starts them.
package tasks

import (
	"context"
	"sync"
)

// A Group is a set of goroutines that can be stopped one by one or all
// together. Close ends it.
type Group struct {
	run    func(task func(context.Context)) (stop context.CancelFunc)
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// New returns a group without tasks. Tasks get the values of ctx but outlive
// it: they run from one method of their owner to another, which have no
// context.
func New(ctx context.Context) *Group {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	g := &Group{cancel: cancel}
	g.run = func(task func(context.Context)) context.CancelFunc {
		ctx, stop := context.WithCancel(ctx)
		g.wg.Go(func() {
			defer stop()
			task(ctx)
		})
		return stop
	}
	return g
}

// Go runs a task in a goroutine. Its context ends with stop, or with
// the group.
func (g *Group) Go(task func(context.Context)) (stop context.CancelFunc) { return g.run(task) }

// Cancel ends the contexts of all tasks.
func (g *Group) Cancel() { g.cancel() }

// Close ends the contexts of all tasks and waits until they have returned.
func (g *Group) Close() {
	g.cancel()
	g.wg.Wait()
}
