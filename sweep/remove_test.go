package sweep_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/sweep"
)

// run finds and removes, and returns the events as words.
func run(ctx context.Context, s *sweep.Sweeper) (events []string, err error) {
	s.Report = func(e sweep.Event) {
		phase := []string{"deleting", "waiting", "gone", "failed"}[e.Phase]
		events = append(events, phase+" "+e.Resource.Name+" "+e.After.String())
	}
	left, err := s.Find(ctx)
	if err != nil {
		return nil, err
	}
	return events, s.Remove(ctx, left)
}

func TestEverythingGoesInItsOrder(t *testing.T) {
	a := installation()
	_, err := run(t.Context(), &sweep.Sweeper{Account: a, Name: "exopool"})
	require.NoError(t, err)
	assert.Equal(t, []string{
		"exopool-application", "exopool-monitoring", "exopool-members", "ingress tcp 8080", "exopool-members",
		"exopool-deploy", "exopool-autoscaler", "exopool-autoscaler",
	}, a.deleted)
	assert.Len(t, a.resources, 6, "what others have stays")

	again, err := run(t.Context(), &sweep.Sweeper{Account: a, Name: "exopool"})
	require.NoError(t, err, "a second time there is nothing to do")
	assert.Empty(t, again)
}

func TestBusyResourcesAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &account{resources: []sweep.Resource{{Kind: sweep.InstancePool, ID: "pool", Name: "exopool-members"}}, busy: map[string]int{"exopool-members": 2}}
		events, err := run(t.Context(), &sweep.Sweeper{Account: a, Name: "exopool"})
		require.NoError(t, err)
		assert.Equal(t, []string{
			"deleting exopool-members 0s", "waiting exopool-members 0s", "waiting exopool-members 3s", "gone exopool-members 6s",
		}, events)
	})
}

func TestResourcesThatStayBusyDoNotKeepTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := installation()
		a.busy["exopool-monitoring"] = 1000
		a.broken = []string{"exopool-deploy"}
		_, err := run(t.Context(), &sweep.Sweeper{Account: a, Name: "exopool", Timeout: time.Minute})
		require.ErrorIs(t, err, sweep.ErrBusy)
		require.ErrorIs(t, err, errRefused)
		assert.ErrorContains(t, err, "delete instance exopool-monitoring: ")
		assert.ErrorContains(t, err, "delete SSH key exopool-deploy: ")
		assert.Len(t, a.deleted, 6)
	})
}

// A stubborn account says that members are deleted and lists them a while.
type stubborn struct {
	account

	lists int
}

func (s *stubborn) List(ctx context.Context, kind sweep.Kind) ([]sweep.Resource, error) {
	if kind == sweep.Instance && s.lists > 0 {
		s.lists--
		return []sweep.Resource{{Kind: kind, ID: "member", Name: "exopool-member-1a2b3-c4d5e", Parent: "gone"}}, nil
	}
	return s.account.List(ctx, kind)
}

func TestRemovalEndsWhenNothingIsListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sweep.Sweeper{Account: &stubborn{lists: 4}, Name: "exopool"}
		start := time.Now()
		require.NoError(t, s.Remove(t.Context(), nil))
		assert.Equal(t, 12*time.Second, time.Since(start))
	})
	synctest.Test(t, func(t *testing.T) {
		s := &sweep.Sweeper{Account: &stubborn{lists: 1000}, Name: "exopool"}
		assert.ErrorContains(t, s.Remove(t.Context(), nil), "instance exopool-member-1a2b3-c4d5e")
	})
}

func TestInterruptedRemovalSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := installation()
		a.busy["exopool-application"] = 1000
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := run(ctx, &sweep.Sweeper{Account: a, Name: "exopool"})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "run it again")
		assert.Empty(t, a.deleted)
	})
}
