package main

import (
	"context"
	"errors"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/exoscale"
)

// A namedPool is a pool that the operator gave by name or by id. The name is
// looked up when the pool is first read, so that the program starts while the
// API is down, and again when the pool is gone, since another pool may have the
// name by then.
type namedPool struct {
	name   string
	client *exoscale.Client
	pool   *exoscale.Pool // nil: not looked up yet
}

// Status implements [autoscale.Pool].
func (p *namedPool) Status(ctx context.Context) (autoscale.Status, error) {
	if p.pool == nil {
		id, err := p.client.ResolvePool(ctx, p.name)
		if err != nil {
			return autoscale.Status{}, err
		}
		p.pool = p.client.Pool(id)
	}
	status, err := p.pool.Status(ctx)
	if errors.Is(err, autoscale.ErrPoolNotFound) {
		p.pool = nil
	}
	return status, err
}

// Resize implements [autoscale.Pool]. The loop reads a pool before it resizes
// it, so that the id is known here.
func (p *namedPool) Resize(ctx context.Context, size int) error {
	if p.pool == nil {
		return autoscale.ErrPoolNotFound
	}
	return p.pool.Resize(ctx, size)
}

// Evict implements [autoscale.Pool], like Resize.
func (p *namedPool) Evict(ctx context.Context, ids []string) error {
	if p.pool == nil {
		return autoscale.ErrPoolNotFound
	}
	return p.pool.Evict(ctx, ids)
}
