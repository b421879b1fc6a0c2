package autoscale

import (
	"context"
	"errors"
)

// A State is what the provider says the pool is doing, in the provider's own
// word. The loop acts in one state only, [StateRunning]; every other word,
// known or not, means "not now".
type State string

// StateRunning is the one state in which a pool is resized.
const StateRunning State = "running"

// Status is one reading of a pool.
type Status struct {
	// Size is the number of members asked for, not the number counted.
	Size int
	// Members is how many members exist, in whatever state: one that is
	// still being destroyed, or that failed to start, costs money and counts.
	Members int
	// State is what the pool is doing.
	State State
}

// A Pool is the instance pool whose size follows the load.
//
// Both methods block on the provider's API, return soon after ctx ends, and
// are called by one goroutine at a time.
type Pool interface {
	// Status reads size, members and state now; nothing is remembered from
	// an earlier call. The error wraps [ErrPoolNotFound] when the pool is
	// gone.
	Status(ctx context.Context) (Status, error)

	// Resize asks once for exactly size members and returns nil when the
	// provider reports the operation done. It never repeats the request by
	// itself: somebody else may have set another size in the meantime. An
	// error that wraps [ErrRefused] or [ErrPoolNotFound] promises that nothing
	// changed; after any other error the request may have been carried out,
	// or may yet be. An error with a method
	//
	//	RetryAfter() time.Duration
	//
	// has a cause that may pass within seconds: after that time, and after
	// another look at the pool, the loop may ask again.
	Resize(ctx context.Context, size int) error
}

// Errors that the loop branches on.
var (
	// ErrPoolNotFound: no such pool in this zone.
	ErrPoolNotFound = errors.New("instance pool not found")
	// ErrRefused: the provider understood and said no (quota, permission, a
	// size out of its bounds); nothing changed.
	ErrRefused = errors.New("refused by the provider")
	// ErrRateLimited: the provider wants fewer calls, and said until when at
	// best.
	ErrRateLimited = errors.New("rate limited by the provider")
)
