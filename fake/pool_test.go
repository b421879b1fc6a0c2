package fake_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/fake"
	"github.com/exopool/exopool/fake/pooltest"
)

func harness(took time.Duration) func(*testing.T) pooltest.Harness {
	return func(*testing.T) pooltest.Harness {
		pool := fake.NewPool("web", pooltest.StartSize, nil)
		pool.TakeTime(took)
		return pooltest.Harness{
			Pool: pool, SetSize: pool.SetSize, SetState: pool.SetState, Delete: pool.Delete,
			RefuseNextResize: func() { pool.FailNext("resize", autoscale.ErrRefused) },
		}
	}
}

func TestPoolKeepsTheContract(t *testing.T) {
	t.Parallel()
	pooltest.Run(t, harness(0))
}

func TestSlowPoolKeepsTheContract(t *testing.T) {
	t.Parallel()
	pooltest.RunInBubble(t, harness(10*time.Second))
}

func TestPoolIsBusyWhileItResizes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := fake.NewPool("web", 1, nil)
		pool.TakeTime(10 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		require.ErrorIs(t, pool.Resize(ctx, 2), context.DeadlineExceeded)

		status, err := pool.Status(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 2, status.Size)
		assert.Len(t, status.Members, 2)
		assert.Equal(t, autoscale.State("scaling-up"), status.State)
		require.ErrorIs(t, pool.Resize(t.Context(), 1), autoscale.ErrRefused, "one operation at a time")

		time.Sleep(6 * time.Second)
		status, err = pool.Status(t.Context())
		require.NoError(t, err)
		assert.Equal(t, autoscale.StateRunning, status.State, "the operation went on without its caller")
	})
}

func TestPoolRemovesTheOldestMembersFirst(t *testing.T) {
	t.Parallel()
	pool := fake.NewPool("web", 3, nil)
	before, err := pool.Instances(t.Context(), []string{"web"})
	require.NoError(t, err)
	pool.SetSize(2)
	after, err := pool.Instances(t.Context(), []string{"web"})
	require.NoError(t, err)
	assert.Equal(t, before[1:], after)
}

func TestPoolListsNoMembersOfOtherPools(t *testing.T) {
	t.Parallel()
	pool := fake.NewPool("web", 3, nil)
	members, err := pool.Instances(t.Context(), []string{"db"})
	require.NoError(t, err)
	assert.Empty(t, members)
	_, err = pool.Pool(t.Context(), "db")
	require.ErrorIs(t, err, discovery.ErrPoolNotFound)
}

func TestPoolHandsOutCopies(t *testing.T) {
	t.Parallel()
	pool := fake.NewPool("web", 1, nil)
	members, err := pool.Instances(t.Context(), []string{"web"})
	require.NoError(t, err)
	members[0].ID = "changed"
	again, err := pool.Instances(t.Context(), []string{"web"})
	require.NoError(t, err)
	assert.NotEqual(t, "changed", again[0].ID)
}

func TestFailuresAreUsedUpInOrder(t *testing.T) {
	t.Parallel()
	pool := fake.NewPool("web", 1, nil)
	lost, quota := errors.New("connection lost"), errors.New("quota")
	pool.LoseNext("resize", lost)
	pool.FailNext("resize", quota)

	require.ErrorIs(t, pool.Resize(t.Context(), 2), lost)
	assert.Equal(t, 2, pool.Size(), "carried out, only the answer was lost")
	require.ErrorIs(t, pool.Resize(t.Context(), 3), quota)
	assert.Equal(t, 2, pool.Size())
	require.NoError(t, pool.Resize(t.Context(), 3))
	assert.Equal(t, []int{2, 3, 3}, pool.Resizes())
}

func TestLingeringMembersCountBesideTheSize(t *testing.T) {
	t.Parallel()
	pool := fake.NewPool("web", 2, nil)
	pool.Linger(3)
	status, err := pool.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, status.Size)
	assert.Len(t, status.Members, 5)
	assert.Equal(t, autoscale.StateRunning, status.State)
}
