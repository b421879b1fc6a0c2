// Package pooltest holds the contract that every [autoscale.Pool] keeps. The
// fake pool and the adapter to a real API both run it, so that tests against
// the fake say something about the real one.
package pooltest

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// StartSize is the size of the pool that a [Harness] begins with.
const StartSize = 2

// A Harness is a pool under test, running and with [StartSize] members, and
// the ways to change it behind the back of whoever uses it. Each function
// returns once its effect can be seen.
type Harness struct {
	Pool             autoscale.Pool
	SetSize          func(size int)              // as somebody else would; the pool is running again after it
	SetState         func(state autoscale.State) // any state but running
	RefuseNextResize func()                      // as for a reached quota
	Delete           func()
}

type rule struct {
	name  string
	check func(*testing.T, Harness)
}

// Run checks every rule of the contract on a pool of its own.
func Run(t *testing.T, start func(*testing.T) Harness) {
	t.Helper()
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) { r.check(t, start(t)) })
	}
}

// RunInBubble is [Run] with a synctest bubble around each rule, for pools that
// wait and use no sockets.
func RunInBubble(t *testing.T, start func(*testing.T) Harness) {
	t.Helper()
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { r.check(t, start(t)) })
		})
	}
}

func rules() []rule {
	return []rule{
		{"status tells size, members and state", func(t *testing.T, h Harness) {
			assert.Equal(t, autoscale.Status{
				Size: StartSize, Members: StartSize, State: autoscale.StateRunning,
			}, status(t, h))
		}},
		{"a resize up is visible once it returns", func(t *testing.T, h Harness) {
			require.NoError(t, h.Pool.Resize(t.Context(), StartSize+1))
			s := status(t, h)
			assert.Equal(t, StartSize+1, s.Size)
			assert.Equal(t, autoscale.StateRunning, s.State)
		}},
		{"a resize down is visible once it returns", func(t *testing.T, h Harness) {
			require.NoError(t, h.Pool.Resize(t.Context(), StartSize-1))
			s := status(t, h)
			assert.Equal(t, StartSize-1, s.Size)
			assert.Equal(t, autoscale.StateRunning, s.State)
		}},
		{"a resize to the present size is no error", func(t *testing.T, h Harness) {
			require.NoError(t, h.Pool.Resize(t.Context(), StartSize))
			assert.Equal(t, StartSize, status(t, h).Size)
		}},
		{"a resize asks for an absolute size", func(t *testing.T, h Harness) {
			require.NoError(t, h.Pool.Resize(t.Context(), StartSize+1))
			require.NoError(t, h.Pool.Resize(t.Context(), StartSize+1))
			assert.Equal(t, StartSize+1, status(t, h).Size)
		}},
		{"status is read anew each time", func(t *testing.T, h Harness) {
			require.Equal(t, StartSize, status(t, h).Size)
			h.SetSize(StartSize + 3)
			assert.Equal(t, StartSize+3, status(t, h).Size, "somebody else's change")
		}},
		{"a state other than running is reported", func(t *testing.T, h Harness) {
			h.SetState("suspended")
			assert.NotEqual(t, autoscale.StateRunning, status(t, h).State)
		}},
		{"a refused resize changes nothing", func(t *testing.T, h Harness) {
			h.RefuseNextResize()
			require.ErrorIs(t, h.Pool.Resize(t.Context(), StartSize+1), autoscale.ErrRefused)
			assert.Equal(t, StartSize, status(t, h).Size)
			require.NoError(t, h.Pool.Resize(t.Context(), StartSize+1), "only the next one is refused")
		}},
		{"a pool that is gone is not found", func(t *testing.T, h Harness) {
			h.Delete()
			_, err := h.Pool.Status(t.Context())
			require.ErrorIs(t, err, autoscale.ErrPoolNotFound)
			require.ErrorIs(t, h.Pool.Resize(t.Context(), StartSize+1), autoscale.ErrPoolNotFound)
		}},
		{"calls return soon after their context has ended", func(t *testing.T, h Harness) {
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := h.Pool.Status(ended)
			require.ErrorIs(t, err, context.Canceled)
			require.Error(t, h.Pool.Resize(ended, StartSize+1))
		}},
	}
}

func status(t *testing.T, h Harness) autoscale.Status {
	t.Helper()
	s, err := h.Pool.Status(t.Context())
	require.NoError(t, err)
	return s
}
