package template_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/template"
)

func TestOneBuildsAndOthersWait(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	waits := make(chan struct{}, 1)
	log := slog.New(handler{slog.DiscardHandler, waits})
	unlock, err := template.Lock(t.Context(), name, log)
	require.NoError(t, err)

	got := make(chan error)
	go func() {
		unlock, err := template.Lock(context.WithoutCancel(t.Context()), name, log)
		if err == nil {
			unlock()
		}
		got <- err
	}()
	<-waits
	unlock()
	require.NoError(t, <-got)
}

func TestWaitEndsWithItsContext(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	unlock, err := template.Lock(t.Context(), name, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer unlock()
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(interrupted)
	_, err = template.Lock(ctx, name, slog.New(slog.DiscardHandler))
	assert.ErrorIs(t, err, interrupted)
}

// A handler tells when something is logged.
type handler struct {
	slog.Handler

	said chan struct{}
}

func (handler) Enabled(context.Context, slog.Level) bool { return true }

func (h handler) Handle(context.Context, slog.Record) error {
	h.said <- struct{}{}
	return nil
}
