package discovery_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/fake"
)

// run starts the agent and returns how to stop it and the times of its
// refreshes, on the clock of the bubble.
func run(t *testing.T, c *cloud, cfg discovery.Config) (stop func(), times func() []time.Duration) {
	t.Helper()
	began := time.Now()
	var mu sync.Mutex
	var seen []time.Duration
	c.hook = func(_ context.Context, method string) {
		mu.Lock()
		defer mu.Unlock()
		if method == "Instances" {
			seen = append(seen, time.Since(began))
		}
	}
	agent := newAgent(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- agent.Run(ctx) }()
	stop = func() {
		cancel()
		assert.NoError(t, <-done, "being stopped is no error")
	}
	times = func() []time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return append([]time.Duration(nil), seen...)
	}
	return stop, times
}

func TestFirstRefreshComesAtOnceAndTheNextAfterTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud().grow("web", "192.0.2.1")
		stop, times := run(t, c, config(t, c))
		synctest.Wait()
		require.Equal(t, []time.Duration{0}, times())
		time.Sleep(10 * time.Minute)
		seen := times()
		require.Greater(t, len(seen), 50)
		distinct := map[time.Duration]bool{}
		for i := range seen[1:] {
			gap := seen[i+1] - seen[i]
			distinct[gap] = true
			assert.GreaterOrEqual(t, gap, 9*time.Second)
			assert.LessOrEqual(t, gap, 11*time.Second+time.Millisecond)
		}
		assert.Greater(t, len(distinct), 10, "many agents spread out")
		stop()
	})
}

func TestFailuresBackOffToAMinuteAndNeverEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud().grow("web", "192.0.2.1")
		c.fail("Instances", errors.New("the API is down"))
		cfg := config(t, c)
		stop, times := run(t, c, cfg)
		time.Sleep(24 * time.Hour)
		seen := times()
		require.Greater(t, len(seen), 24*60-1, "never longer than a minute apart")
		assert.Less(t, len(seen), 24*60*6/4, "much rarer than every 10 s")
		for i := range seen[1:] {
			gap := seen[i+1] - seen[i]
			assert.LessOrEqual(t, gap, time.Minute)
			if i > 5 {
				assert.GreaterOrEqual(t, gap, 48*time.Second)
			}
		}
		assert.NoFileExists(t, cfg.File)

		c.fail("Instances", nil)
		time.Sleep(time.Minute)
		assert.FileExists(t, cfg.File, "the file follows within a minute")
		before := len(times())
		time.Sleep(time.Minute)
		assert.GreaterOrEqual(t, len(times())-before, 5, "and the interval is the usual one again")
		stop()
	})
}

func TestChangeIsInTheFileWithinTwoMinutesAfterRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud().grow("web", "192.0.2.1")
		cfg := config(t, c)
		stop, _ := run(t, c, cfg)
		time.Sleep(time.Minute)
		c.fail("Instances", errors.New("the API is down"))
		time.Sleep(time.Hour)
		assert.Contains(t, read(t, cfg.File), "192.0.2.1")
		c.grow("web", "192.0.2.2")
		c.fail("Instances", nil)
		time.Sleep(2 * time.Minute)
		assert.Contains(t, read(t, cfg.File), "192.0.2.2")
		stop()
	})
}

// levels is a log of which only the level of each record is kept.
type levels struct {
	slog.Handler
	mu   sync.Mutex
	seen []slog.Level
}

// reset forgets what was seen, while the agent runs.
func (l *levels) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = nil
}

func (l *levels) Enabled(context.Context, slog.Level) bool { return true }

func (l *levels) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, r.Level)
	return nil
}

func TestEachFailureAndTheRecoveryAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud().grow("web", "192.0.2.1")
		cfg := config(t, c)
		log := new(levels)
		cfg.Logger = slog.New(log)
		stop, times := run(t, c, cfg)
		synctest.Wait()
		log.seen = nil
		c.fail("Instances", errors.New("the API is down"))
		time.Sleep(time.Hour)
		synctest.Wait()
		failures := len(times()) - 1 // the first refresh was good
		require.Greater(t, failures, 50)
		assert.Equal(t, slices.Repeat([]slog.Level{slog.LevelError}, failures), log.seen)

		log.seen = nil
		c.fail("Instances", nil)
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Equal(t, []slog.Level{slog.LevelInfo}, log.seen, "once, though no target has changed")
		stop()
	})
}

func TestStopInTheMiddleOfACallIsPrompt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud().grow("web", "192.0.2.1")
		agent := newAgent(t, config(t, c))
		c.hook = func(ctx context.Context, _ string) { <-ctx.Done() }
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- agent.Run(ctx) }()
		synctest.Wait()
		before := time.Now()
		cancel()
		require.NoError(t, <-done)
		assert.Zero(t, time.Since(before))
	})
}

func TestReadinessFollowsTheAgeOfTheLastSuccess(t *testing.T) {
	clock := fake.NewClock(epoch)
	c := newCloud().grow("web", "192.0.2.1")
	cfg := config(t, c)
	cfg.Clock = clock
	agent := newAgent(t, cfg)
	h := agent.Handler(noMetrics())
	assert.Equal(t, 503, get(t, h, "/readyz").Code, "before the first success")

	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, 200, get(t, h, "/readyz").Code)
	c.fail("Instances", errors.New("the API is down"))
	clock.Advance(2 * time.Minute)
	require.Error(t, agent.RunOnce(t.Context()))
	assert.Equal(t, 200, get(t, h, "/readyz").Code, "one failure is not the end")
	clock.Advance(time.Second)
	assert.Equal(t, 503, get(t, h, "/readyz").Code)
	assert.Contains(t, get(t, h, "/readyz").Body.String(), "2m1s")
	assert.Equal(t, 200, get(t, h, "/healthz").Code)

	c.fail("Instances", nil)
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, 200, get(t, h, "/readyz").Code)
}
