package autoscale_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
	"github.com/exopool/exopool/internal/clock"
)

// started runs a loop in a synctest bubble, where the host's clock is
// virtual. The pool is one of two members.
func started(t *testing.T, change ...func(*autoscale.Config)) (pool *fake.Pool, loop *autoscale.Loop, stop func()) {
	t.Helper()
	pool = fake.NewPool("web", 2, nil)
	cfg := autoscale.Config{Pool: pool, PoolName: "web"}
	for _, c := range change {
		c(&cfg)
	}
	loop, err := autoscale.New(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- loop.Run(ctx) }()
	synctest.Wait()
	return pool, loop, func() {
		t.Helper()
		cancel()
		require.NoError(t, <-ended)
	}
}

// offsets returns when turns began, in seconds after start.
func offsets(start time.Time, loop *autoscale.Loop) []int {
	var all []int
	for _, d := range loop.Decisions() {
		all = append(all, int(d.Time.Sub(start).Seconds()))
	}
	return all
}

func TestTheFirstTurnComesAtOnceAndThenOneEachInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, loop, stop := started(t)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		stop()
		assert.Equal(t, []int{0, 60, 120, 180}, offsets(start, loop))
	})
}

func TestASlowTurnDoesNotShiftTheGrid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		pool, loop, stop := started(t)
		pool.TakeTime(45 * time.Second)
		loop.Record(t.Context(), up)
		time.Sleep(200 * time.Second)
		stop()
		assert.Equal(t, []int{0, 60, 120, 180}, offsets(start, loop))
		assert.InDelta(t, 45, loop.Decisions()[1].DurationSeconds, 0.001)
	})
}

// stuck ignores its context for a while, as no pool should.
type stuck struct {
	*fake.Pool
	takes time.Duration
}

func (s stuck) Status(ctx context.Context) (autoscale.Status, error) {
	time.Sleep(s.takes)
	return s.Pool.Status(context.WithoutCancel(ctx))
}

func TestMissedTurnsAreLeftOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, loop, stop := started(t, func(cfg *autoscale.Config) {
			cfg.Pool = stuck{fake.NewPool("web", 2, nil), 150 * time.Second}
		})
		time.Sleep(500 * time.Second)
		stop()
		assert.Equal(t, []int{0, 180, 360}, offsets(start, loop), "no burst to catch up")
	})
}

func TestAStuckOperationCostsOneTurnAndIsResolvedLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool, loop, stop := started(t)
		pool.TakeTime(3 * time.Minute)
		loop.Record(t.Context(), up)
		time.Sleep(5*time.Minute + time.Second)
		stop()

		all := loop.Decisions()
		require.Len(t, all, 6)
		assert.Equal(t, autoscale.ReasonTimeout, all[1].Reason)
		assert.InDelta(t, 50, all[1].DurationSeconds, 0.001, "five sixths of the interval")
		assert.Equal(t, autoscale.ReasonNotRunning, all[2].Reason)
		assert.Equal(t, autoscale.ReasonNotRunning, all[3].Reason)
		assert.Equal(t, autoscale.ReasonConfirmed, all[4].Reason)
		assert.Equal(t, autoscale.ReasonNoDemand, all[5].Reason)
		assert.Equal(t, []int{3}, pool.Resizes())
	})
}

func TestStoppingFinishesTheCallInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool, loop, stop := started(t)
		pool.TakeTime(8 * time.Second)
		loop.Record(t.Context(), up)
		time.Sleep(62 * time.Second)
		asked := time.Now()
		stop()
		assert.Equal(t, 6*time.Second, time.Since(asked))
		last := loop.Decisions()[1]
		assert.Equal(t, autoscale.Resized, last.Result)
		assert.Equal(t, fate{up: autoscale.ReasonStepUp}, fates(last))
	})
}

func TestStoppingWaitsNoLongerThanTheGracePeriod(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool, loop, stop := started(t, func(cfg *autoscale.Config) { cfg.Grace = 2 * time.Second })
		pool.TakeTime(40 * time.Second)
		loop.Record(t.Context(), up)
		time.Sleep(61 * time.Second)
		asked := time.Now()
		stop()
		assert.Equal(t, 2*time.Second, time.Since(asked))
		assert.Equal(t, autoscale.ReasonTimeout, loop.Decisions()[1].Reason)
		waiting, _ := loop.Pending()
		assert.Equal(t, 1, waiting.Count, "not settled: the next run finds out")
	})
}

func TestStoppingDoesNotWaitForAnAPIThatNeverAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, loop, stop := started(t, func(cfg *autoscale.Config) { cfg.Pool = silent{fake.NewPool("web", 2, nil)} })
		loop.Record(t.Context(), up)
		asked := time.Now()
		stop()
		assert.Zero(t, time.Since(asked))
		assert.Equal(t, autoscale.ReasonStopping, loop.Decisions()[0].Reason)
		waiting, _ := loop.Pending()
		assert.Equal(t, 1, waiting.Count)
	})
}

// A silent pool never answers.
type silent struct{ *fake.Pool }

func (silent) Status(ctx context.Context) (autoscale.Status, error) {
	<-ctx.Done()
	return autoscale.Status{}, ctx.Err()
}

func TestStoppingBetweenReadingAndWritingWritesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := fake.NewPool("web", 2, nil)
		_, loop, stop := started(t, func(cfg *autoscale.Config) { cfg.Pool = stuck{pool, 5 * time.Second} })
		loop.Record(t.Context(), up)
		stop()
		assert.Equal(t, autoscale.ReasonStopping, loop.Decisions()[0].Reason)
		assert.Empty(t, pool.Resizes())
	})
}

func TestStoppingWhileWaitingIsImmediate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, loop, stop := started(t)
		time.Sleep(time.Second)
		asked := time.Now()
		stop()
		assert.Zero(t, time.Since(asked))
		assert.Len(t, loop.Decisions(), 1)
	})
}

func TestACrashLoopScalesNoFasterThanOnceAnInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := fake.NewPool("web", 1, nil)
		dir := t.TempDir()
		for range 30 { // a run of 10 s each, in five minutes
			_, loop, stop := started(t, func(cfg *autoscale.Config) { cfg.Pool, cfg.StateDir = pool, dir })
			loop.Record(t.Context(), up)
			time.Sleep(10 * time.Second)
			stop()
		}
		assert.Equal(t, []int{2, 3, 4, 5, 6}, pool.Resizes())
	})
}

func TestAProgramWhoseFirstTurnIsDelayedIsReadyAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool, dir := fake.NewPool("web", 1, nil), t.TempDir()
		onDisk := func(cfg *autoscale.Config) { cfg.Pool, cfg.StateDir = pool, dir }
		_, loop, stop := started(t, onDisk)
		loop.Record(t.Context(), up)
		time.Sleep(time.Minute)
		synctest.Wait()
		stop()
		require.Equal(t, []int{2}, pool.Resizes())

		_, loop, stop = started(t, onDisk)
		require.NoError(t, loop.Ready())
		assert.Empty(t, loop.Decisions())
		stop()

		pool.FailNext("status", errors.New("connection refused"))
		_, loop, stop = started(t, onDisk)
		require.ErrorContains(t, loop.Ready(), "connection refused", "an API that is down is reported at once, too")
		stop()
	})
}

// running runs the world's loop on the fake clock, whose wall time can jump.
func (w *world) running() (stop func()) {
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.loop.Run(ctx) }()
	w.clock.AwaitSleepers(1)
	return func() {
		w.Helper()
		cancel()
		require.NoError(w, <-ended)
	}
}

func TestAClockJumpNeitherBurstsNorStarvesTurns(t *testing.T) {
	t.Parallel()
	for name, jump := range map[string]time.Duration{"forward": 25*time.Hour + 7*time.Second, "backward": -25 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			stop := w.running()
			require.Len(t, w.loop.Decisions(), 1)
			w.clock.Set(w.clock.Now().Add(jump))
			for turns := 2; turns < 6; turns++ {
				w.clock.Advance(time.Minute)
				w.clock.AwaitSleepers(1)
				assert.Len(t, w.loop.Decisions(), turns, "one for each minute that passed")
			}
			stop()
		})
	}
}

func TestALastResizeInTheFutureDelaysTheFirstTurnByOneInterval(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.webhook(up)
	w.turn()
	w.clock.Set(noon.Add(-24 * time.Hour))
	again := w.crashedCopy()
	stop := again.running()
	assert.Empty(t, again.loop.Decisions())
	w.clock.Advance(time.Minute)
	w.clock.AwaitSleepers(1)
	assert.Len(t, again.loop.Decisions(), 1)
	stop()
}

// A settable clock shows another time than the host's.
type settable struct {
	clock.System
	back atomic.Int64
}

func (c *settable) Now() time.Time { return time.Now().Round(0).Add(-time.Duration(c.back.Load())) }

// A settingBack pool takes its time, in which the clock is set back.
type settingBack struct {
	*fake.Pool
	clock *settable
}

func (p settingBack) Status(ctx context.Context) (autoscale.Status, error) {
	p.clock.back.Store(int64(2 * time.Hour))
	return p.Pool.Status(ctx)
}

// A machine that starts sets its clock once it has reached a time server.
func TestAClockSetBackAtTheStartDelaysNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir, clock := t.TempDir(), new(settable)
		state := fmt.Sprintf(`{"version":1,"last_resize":%q}`, time.Now().Add(-10*time.Second).Format(time.RFC3339))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "demand.json"), []byte(state), 0o600))
		_, loop, stop := started(t, func(cfg *autoscale.Config) {
			cfg.StateDir, cfg.Clock, cfg.Pool = dir, clock, settingBack{fake.NewPool("web", 2, nil), clock}
		})
		assert.Empty(t, loop.Decisions(), "the latest resize is too young")
		time.Sleep(61 * time.Second)
		assert.NotEmpty(t, loop.Decisions())
		stop()
	})
}
