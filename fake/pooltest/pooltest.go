// Package pooltest is the contract that every [autoscale.Pool] keeps. The fake
// pool and the adapter to a real API both run it, so that tests with the fake
// hold for the real one.
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

// A Harness is a pool under test, running and with [StartSize] members, and ways
// to change it by other means than its methods. Each function returns once its
// effect is visible.
type Harness struct {
	Pool             autoscale.Pool
	SetSize          func(size int)              // as another program would; the pool is running again after it
	SetState         func(state autoscale.State) // any state but running
	RefuseNextResize func()                      // as for a reached quota
	Delete           func()
}

type rule struct {
	name  string
	check func(subject)
}

// A subject is a pool and its test.
type subject struct {
	Harness
	t *testing.T
}

// Run checks every rule of the contract on a pool of its own.
func Run(t *testing.T, start func(*testing.T) Harness) {
	t.Helper()
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) { r.check(subject{start(t), t}) })
	}
}

// RunInBubble is [Run] with a synctest bubble around each rule, for pools that
// wait and use no sockets.
func RunInBubble(t *testing.T, start func(*testing.T) Harness) {
	t.Helper()
	for _, r := range rules() {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { r.check(subject{start(t), t}) })
		})
	}
}

func rules() []rule {
	return []rule{
		{"status returns size, members and state", func(s subject) {
			got := s.status()
			assert.Equal(s.t, StartSize, got.Size)
			assert.Equal(s.t, autoscale.StateRunning, got.State)
			require.Len(s.t, got.Members, StartSize)
			assert.NotEqual(s.t, got.Members[0].ID, got.Members[1].ID)
			for _, m := range got.Members {
				assert.NotEmpty(s.t, m.ID)
				assert.NotEmpty(s.t, m.Name)
				assert.True(s.t, m.Address.IsValid())
				assert.False(s.t, m.Created.IsZero())
				assert.Equal(s.t, autoscale.MemberRunning, m.State)
			}
		}},
		{"a resize up is visible once it returns", func(s subject) {
			require.NoError(s.t, s.Pool.Resize(s.t.Context(), StartSize+1))
			got := s.status()
			assert.Equal(s.t, StartSize+1, got.Size)
			assert.Equal(s.t, autoscale.StateRunning, got.State)
		}},
		{"a resize down is visible once it returns", func(s subject) {
			require.NoError(s.t, s.Pool.Resize(s.t.Context(), StartSize-1))
			got := s.status()
			assert.Equal(s.t, StartSize-1, got.Size)
			assert.Equal(s.t, autoscale.StateRunning, got.State)
		}},
		{"an eviction removes the members that it names", func(s subject) {
			before := s.status().Members
			require.NoError(s.t, s.Pool.Evict(s.t.Context(), []string{before[1].ID}))
			got := s.status()
			assert.Equal(s.t, StartSize-1, got.Size)
			assert.Equal(s.t, autoscale.StateRunning, got.State)
			assert.Equal(s.t, []string{before[0].ID}, serving(got))
		}},
		{"an eviction of another instance is refused", func(s subject) {
			err := s.Pool.Evict(s.t.Context(), []string{"99999999-9999-4999-8999-999999999999"})
			require.ErrorIs(s.t, err, autoscale.ErrRefused)
			assert.Equal(s.t, StartSize, s.status().Size)
		}},
		{"a resize to the current size is no error", func(s subject) {
			require.NoError(s.t, s.Pool.Resize(s.t.Context(), StartSize))
			assert.Equal(s.t, StartSize, s.status().Size)
		}},
		{"a resize asks for an absolute size", func(s subject) {
			require.NoError(s.t, s.Pool.Resize(s.t.Context(), StartSize+1))
			require.NoError(s.t, s.Pool.Resize(s.t.Context(), StartSize+1))
			assert.Equal(s.t, StartSize+1, s.status().Size)
		}},
		{"status is read anew each time", func(s subject) {
			require.Equal(s.t, StartSize, s.status().Size)
			s.SetSize(StartSize + 3)
			assert.Equal(s.t, StartSize+3, s.status().Size, "a change by another program")
		}},
		{"a state other than running is reported", func(s subject) {
			s.SetState("suspended")
			assert.NotEqual(s.t, autoscale.StateRunning, s.status().State)
		}},
		{"a refused resize changes nothing", func(s subject) {
			s.RefuseNextResize()
			require.ErrorIs(s.t, s.Pool.Resize(s.t.Context(), StartSize+1), autoscale.ErrRefused)
			assert.Equal(s.t, StartSize, s.status().Size)
			require.NoError(s.t, s.Pool.Resize(s.t.Context(), StartSize+1), "only the next one is refused")
		}},
		{"a deleted pool is not found", func(s subject) {
			s.Delete()
			_, err := s.Pool.Status(s.t.Context())
			require.ErrorIs(s.t, err, autoscale.ErrPoolNotFound)
			require.ErrorIs(s.t, s.Pool.Resize(s.t.Context(), StartSize+1), autoscale.ErrPoolNotFound)
			require.Error(s.t, s.Pool.Evict(s.t.Context(), []string{"99999999-9999-4999-8999-999999999999"}))
		}},
		{"calls return soon after their context has ended", func(s subject) {
			ended, cancel := context.WithCancel(s.t.Context())
			cancel()
			_, err := s.Pool.Status(ended)
			require.ErrorIs(s.t, err, context.Canceled)
			require.Error(s.t, s.Pool.Resize(ended, StartSize+1))
		}},
	}
}

// serving returns the ids of the members whose machines run.
func serving(status autoscale.Status) (ids []string) {
	for _, m := range status.Members {
		if m.State == autoscale.MemberRunning {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

func (s subject) status() autoscale.Status {
	s.t.Helper()
	status, err := s.Pool.Status(s.t.Context())
	require.NoError(s.t, err)
	return status
}
