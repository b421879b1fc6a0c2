package scenario_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/demo/internal/scenario"
	"github.com/exopool/exopool/cmd/demo/internal/view"
)

// A slope is a system with a member for each five clients, which takes its time.
type slope struct {
	pool

	most   int
	counts []int
}

func (s *slope) SetClients(n int) {
	s.clients, s.most = n, max(s.most, n)
	s.counts = append(s.counts, n)
}

func (s *slope) Snapshot() view.Snapshot {
	s.on = []reading{{wanted: 1 + s.clients/5, healthy: 1 + s.clients/5, average: 8.5 * float64(s.clients)}}
	s.off = s.on
	s.changed = time.Unix(0, 0)
	v := s.pool.Snapshot()
	v.Speed = 4
	return v
}

func TestHillIsTheSameForAllPools(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := &slope{}
		s := scenario.New(system, scenario.Config{Clients: 10, Hold: 15 * time.Second, Timeout: time.Minute})
		began := time.Now()
		require.NoError(t, s.RunHill(t.Context()))
		assert.InDelta(t, 33*15, time.Since(began).Seconds(), 1)
		want := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}
		assert.Equal(t, want, system.counts)
		assert.Equal(t, view.PhaseDone, system.phases[len(system.phases)-1])

		sum := s.Summary()
		require.NotNil(t, sum.Hill)
		assert.InDelta(t, 33, sum.Hill.Minutes, 0.1, "as in a real installation")
		// One member all the time, another with 5 clients and more, a third with 10.
		assert.InDelta(t, 33+15+5, sum.Hill.MemberMinutes, 0.3)
		assert.InDelta(t, 8.5*140/33, sum.Hill.MeanCPU, 1)
		assert.InDelta(t, 100*5.0/33, sum.Hill.AbovePercent, 1, "with ten clients")
		assert.InDelta(t, 85, *sum.AvgCPUAtPeak, 0.1)
	})
}

func TestHillEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s := scenario.New(&slope{}, scenario.Config{Clients: 10, Hold: 15 * time.Second, Timeout: time.Minute})
		require.ErrorIs(t, s.RunHill(ctx), context.DeadlineExceeded)
	})
}
