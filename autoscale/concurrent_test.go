package autoscale_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

func TestWebhooksMayComeFromManySendersDuringTurns(t *testing.T) {
	t.Parallel()
	const senders, each = 8, 50
	w := newWorld(t, 1)
	h := autoscale.NewHandler(w.loop, autoscale.HandlerConfig{})
	var sending sync.WaitGroup
	for range senders {
		sending.Go(func() {
			for range each {
				assert.Equal(t, http.StatusOK, serve(h, post("/up", "application/json", `{"status":"firing"}`)).Code)
			}
		})
	}
	sent := make(chan struct{})
	go func() { sending.Wait(); close(sent) }()
	settled := 0
	turn := func() {
		for _, one := range w.turn().Settled {
			settled += one.Webhooks.Count
		}
	}
	for running := true; running; {
		turn()
		select {
		case <-sent:
			running = false
		default:
		}
	}
	turn()

	waiting, _ := w.loop.Pending()
	assert.Equal(t, senders*each, settled+waiting.Count)
	assert.Zero(t, waiting.Count)
	assert.LessOrEqual(t, w.pool.Size(), 5)
}

// levels is a log handler that keeps the level of each decision.
type levels struct {
	slog.Handler
	seen *[]slog.Level
}

func (l levels) Enabled(context.Context, slog.Level) bool { return true }

func (l levels) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "decision" {
		*l.seen = append(*l.seen, r.Level)
	}
	return nil
}

func TestEachTurnIsOneLineAndAFailedOneIsAnError(t *testing.T) {
	t.Parallel()
	var seen []slog.Level
	w := newWorld(t, 1, func(cfg *autoscale.Config) {
		cfg.Logger = slog.New(levels{Handler: slog.DiscardHandler, seen: &seen})
	})
	w.turn()
	w.webhook(up)
	w.turn()
	w.pool.FailNext("status", errors.New("502"))
	require.Equal(t, autoscale.Failed, w.turn().Result)
	assert.Equal(t, []slog.Level{slog.LevelInfo, slog.LevelInfo, slog.LevelError}, seen)
}
