package autoscale_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
)

// A passing error is temporary.
type passing struct {
	error
	after time.Duration
}

func (p passing) Unwrap() error             { return p.error }
func (p passing) RetryAfter() time.Duration { return p.after }

var (
	lost     = passing{error: errors.New("connection lost")}
	tooMany  = passing{error: errors.Join(autoscale.ErrRefused, autoscale.ErrRateLimited)}
	inTwenty = passing{error: tooMany.error, after: 20 * time.Second}
	inMinute = passing{error: tooMany.error, after: time.Minute}
)

// TestAResizeIsRetriedOnlyIfTheDecisionStands: the pool has two members, one
// webhook asks for one more, and the first request fails.
func TestAResizeIsRetriedOnlyIfTheDecisionStands(t *testing.T) {
	t.Parallel()
	fail := func(errs ...error) func(*fake.Pool) {
		return func(p *fake.Pool) {
			for _, err := range errs {
				p.FailNext("resize", err)
			}
		}
	}
	tests := map[string]struct {
		weather   func(*fake.Pool)
		meanwhile func(*fake.Pool) // before the pool is read again
		asked     []int
		result    autoscale.Result
		reason    autoscale.Reason
		fates     fate
	}{
		"connection lost":             {fail(lost), nil, []int{3, 3}, autoscale.Resized, autoscale.ReasonStepUp, fate{up: autoscale.ReasonStepUp}},
		"rate limit":                  {fail(tooMany), nil, []int{3, 3}, autoscale.Resized, autoscale.ReasonStepUp, fate{up: autoscale.ReasonStepUp}},
		"rate limit with a time":      {fail(inTwenty), nil, []int{3, 3}, autoscale.Resized, autoscale.ReasonStepUp, fate{up: autoscale.ReasonStepUp}},
		"twice":                       {fail(lost, tooMany), nil, []int{3, 3, 3}, autoscale.Resized, autoscale.ReasonStepUp, fate{up: autoscale.ReasonStepUp}},
		"three times is enough":       {fail(lost, lost, lost, lost), nil, []int{3, 3, 3}, autoscale.Failed, autoscale.ReasonAPIError, fate{}},
		"a time longer than the turn": {fail(inMinute), nil, []int{3}, autoscale.Failed, autoscale.ReasonRateLimited, fate{}},
		"an error that stays":         {fail(errors.New("no such call")), nil, []int{3}, autoscale.Failed, autoscale.ReasonAPIError, fate{}},
		"a foreign change": {
			fail(tooMany), func(p *fake.Pool) { p.SetSize(8) },
			[]int{3},
			autoscale.Held, autoscale.ReasonSizeChanged,
			fate{},
		},
		"a foreign change after a lost answer": {
			fail(lost), func(p *fake.Pool) { p.SetSize(8) },
			[]int{3},
			autoscale.Held, autoscale.ReasonSizeChanged,
			fate{up: autoscale.ReasonOutcomeUnknown},
		},
		"a foreign change to the very size": {
			fail(tooMany), func(p *fake.Pool) { p.SetSize(3) },
			[]int{3},
			autoscale.Held, autoscale.ReasonSizeChanged,
			fate{},
		},
		"carried out, answer lost": {
			func(p *fake.Pool) { p.LoseNext("resize", lost) }, nil,
			[]int{3},
			autoscale.Resized, autoscale.ReasonConfirmed,
			fate{up: autoscale.ReasonConfirmed},
		},
		"busy since": {
			fail(lost), func(p *fake.Pool) { p.SetState("scaling-up") },
			[]int{3},
			autoscale.Failed, autoscale.ReasonAPIError,
			fate{},
		},
		"members that linger since": {
			fail(tooMany), func(p *fake.Pool) { p.Linger(8) },
			[]int{3},
			autoscale.Failed, autoscale.ReasonRateLimited,
			fate{},
		},
		"cannot be read since": {
			fail(lost), func(p *fake.Pool) { p.FailNext("status", errors.New("502")) },
			[]int{3},
			autoscale.Failed, autoscale.ReasonAPIError,
			fate{},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := fake.NewPool("web", 2, nil)
				loop, err := autoscale.New(autoscale.Config{Pool: pool, PoolName: "web", StateDir: t.TempDir()})
				require.NoError(t, err)
				test.weather(pool)
				if test.meanwhile != nil {
					time.AfterFunc(500*time.Millisecond, func() { test.meanwhile(pool) })
				}
				loop.Record(t.Context(), up)

				d := loop.RunOnce(t.Context())

				assert.Equal(t, test.asked, pool.Resizes())
				assert.Equal(t, test.result, d.Result, d.Error)
				assert.Equal(t, test.reason, d.Reason, d.Error)
				assert.Equal(t, d.Reason == autoscale.ReasonStepUp, d.Error == "", "an error that was overcome is none")
				assert.Equal(t, test.fates, fates(d))
				assert.Equal(t, 2, d.From)
				assert.Equal(t, 3, d.To)
			})
		})
	}
}

// TestAWebhookWhoseResizeIsCarriedOutLateIsOneStep: a first request that got no
// answer is carried out after the turn has ended for another reason.
func TestAWebhookWhoseResizeIsCarriedOutLateIsOneStep(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		second func(context.Context, *fake.Pool, *autoscale.Loop) error // before the turn retries
		reason autoscale.Reason
	}{
		"refused": {
			func(_ context.Context, pool *fake.Pool, _ *autoscale.Loop) error {
				pool.FailNext("resize", autoscale.ErrRefused)
				return nil
			},
			autoscale.ReasonRefused,
		},
		"paused": {
			func(ctx context.Context, _ *fake.Pool, loop *autoscale.Loop) error {
				_, err := loop.Pause(ctx, 10*time.Second, "")
				return err
			},
			autoscale.ReasonPaused,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := fake.NewPool("web", 2, nil)
				loop, err := autoscale.New(autoscale.Config{Pool: pool, PoolName: "web", StateDir: t.TempDir()})
				require.NoError(t, err)
				loop.Record(t.Context(), up)
				pool.FailNext("resize", lost)
				time.AfterFunc(500*time.Millisecond, func() { assert.NoError(t, test.second(t.Context(), pool, loop)) })
				assert.Equal(t, test.reason, loop.RunOnce(t.Context()).Reason)

				pool.SetSize(3)
				time.Sleep(time.Minute)
				d := loop.RunOnce(t.Context())

				assert.Equal(t, fate{up: autoscale.ReasonConfirmed}, fates(d))
				assert.False(t, d.ForeignChange)
				assert.Equal(t, 3, pool.Size())
			})
		})
	}
}

// TestAResizeIsNotRequestedOnAnOldReading: a log or a disk stalls between the
// reading and the resize.
func TestAResizeIsNotRequestedOnAnOldReading(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		meanwhile func(*fake.Pool)
		asked     []int
		reason    autoscale.Reason
	}{
		"nothing new":      {func(*fake.Pool) {}, []int{3}, autoscale.ReasonStepUp},
		"a foreign change": {func(p *fake.Pool) { p.SetSize(8) }, nil, autoscale.ReasonSizeChanged},
		"busy since":       {func(p *fake.Pool) { p.SetState("scaling-up") }, nil, autoscale.ReasonNotRunning},
		"no room any more": {func(p *fake.Pool) { p.Linger(8) }, nil, autoscale.ReasonAtMaximum},
		"cannot be read":   {func(p *fake.Pool) { p.FailNext("status", errors.New("502")) }, nil, autoscale.ReasonAPIError},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				pool := fake.NewPool("web", 2, nil)
				stalls := slog.New(trigger{slog.DiscardHandler, "webhooks settled", func() { time.Sleep(20 * time.Second) }})
				loop, err := autoscale.New(autoscale.Config{Pool: pool, PoolName: "web", StateDir: t.TempDir(), Logger: stalls})
				require.NoError(t, err)
				loop.Record(t.Context(), up)
				loop.Record(t.Context(), down)
				time.AfterFunc(10*time.Second, func() { test.meanwhile(pool) })

				assert.Equal(t, test.reason, loop.RunOnce(t.Context()).Reason)

				assert.Equal(t, test.asked, pool.Resizes())
				waiting, _ := loop.Pending()
				assert.Equal(t, len(test.asked) == 0, waiting.Count == 1, "the webhook waits unless it was served")
			})
		})
	}
}

func TestStoppingWhileWaitingToRetryRequestsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool, loop, stop := started(t)
		pool.FailNext("resize", inTwenty)
		loop.Record(t.Context(), up)
		time.Sleep(62 * time.Second)
		asked := time.Now()
		stop()
		assert.Zero(t, time.Since(asked))
		assert.Equal(t, []int{3}, pool.Resizes())
		waiting, _ := loop.Pending()
		assert.Equal(t, 1, waiting.Count)
	})
}

func TestALostAnswerToACorrectionIsNoForeignChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := fake.NewPool("web", 7, nil)
		pool.LoseNext("resize", lost)
		_, loop, stop := started(t, func(cfg *autoscale.Config) { cfg.Pool, cfg.Max = pool, 5 })
		time.Sleep(30 * time.Second)
		last := loop.Decisions()[0]
		assert.Equal(t, autoscale.Resized, last.Result)
		assert.Equal(t, autoscale.ReasonConfirmed, last.Reason)
		assert.False(t, last.ForeignChange)
		stop()
	})
}

// TestATurnThatRetriesSurvivesACrash: what the disk holds between two
// attempts is enough for one step and no more.
func TestATurnThatRetriesSurvivesACrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() // goes only when the first program has ended, too
	synctest.Test(t, func(t *testing.T) {
		pool := fake.NewPool("web", 2, nil)
		_, loop, _ := started(t, func(cfg *autoscale.Config) { cfg.Pool, cfg.StateDir = pool, dir })
		pool.LoseNext("resize", inTwenty)
		loop.Record(t.Context(), up)
		time.Sleep(61 * time.Second) // in the middle of the wait
		again, err := autoscale.New(autoscale.Config{Pool: pool, PoolName: "web", StateDir: dir})
		require.NoError(t, err)
		assert.Equal(t, fate{up: autoscale.ReasonConfirmed}, fates(again.RunOnce(t.Context())))
		assert.Equal(t, []int{3}, pool.Resizes())
	})
}
