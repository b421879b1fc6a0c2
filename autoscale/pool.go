package autoscale

import (
	"context"
	"errors"
)

// A State is what the pool is doing, in the provider's own word. The loop
// resizes a pool in one state only, [StateRunning]; every other word, known or
// not, means "not now".
type State string

// StateRunning is the one state in which a pool is resized.
const StateRunning State = "running"

// Status is one reading of a pool.
type Status struct {
	// Size is the number of members asked for, not the number counted.
	Size int
	// Members are all that exist, in any state, in any order: one that is
	// still being removed, or that failed to start, costs money and counts.
	Members []Member
	// HealthErr says why the health of the members could not be read; it is
	// unknown then. The pool may still grow.
	HealthErr error
	// State is what the pool is doing.
	State State
	// Settings identifies what a member that is made now would be made with, in
	// up to 128 bytes. Empty: it is not known, and no member is outdated because
	// it has changed.
	Settings string
}

// A Pool is the instance pool whose size follows the load.
//
// All methods block on the provider's API, return soon after ctx ends, and are
// called by one goroutine at a time.
type Pool interface {
	// Status reads size, members and state now; it never answers from an
	// earlier call, and reads the size last. The error wraps [ErrPoolNotFound] if the pool is gone.
	Status(ctx context.Context) (Status, error)

	// Resize requests exactly size members, once, and returns nil when the
	// provider reports the operation done. It never repeats the request:
	// something else may have set another size in the meantime. An error that
	// wraps [ErrRefused] or [ErrPoolNotFound] promises that nothing changed;
	// after any other error the request may have been carried out, or may yet
	// be. An error with a method
	//
	//	RetryAfter() time.Duration
	//
	// is temporary: after that time the loop may read the pool again, and
	// repeat the request.
	Resize(ctx context.Context, size int) error

	// Evict removes the members with these ids, and makes the pool smaller by
	// their number. It asks once, and its errors are those of Resize.
	Evict(ctx context.Context, ids []string) error
}

// Errors that the loop branches on.
var (
	// ErrPoolNotFound: no such pool in this zone.
	ErrPoolNotFound = errors.New("instance pool not found")
	// ErrRefused: the provider refused the request (quota, permission, a size
	// out of its bounds); nothing changed.
	ErrRefused = errors.New("refused by the provider")
	// ErrRateLimited: the provider limits the rate of calls.
	ErrRateLimited = errors.New("rate limited by the provider")
)
