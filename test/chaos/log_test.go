package chaos_test

import (
	"bytes"
	"context"
	"log/slog"

	"github.com/exopool/exopool/autoscale"
)

// A logChecker reads the log of a run: it must have no secrets, and it says what
// became of turns and webhooks. Killed runs do not log.
type logChecker struct {
	run  *run
	text slog.Handler // into line
	line *bytes.Buffer
}

func (w *world) logger(r *run) *slog.Logger {
	line := new(bytes.Buffer)
	text := slog.NewTextHandler(line, &slog.HandlerOptions{Level: slog.LevelDebug})
	return slog.New(&logChecker{run: r, text: text, line: line})
}

// Enabled implements [slog.Handler].
func (h *logChecker) Enabled(context.Context, slog.Level) bool { return !h.run.dead.Load() }

// WithAttrs implements [slog.Handler].
func (h *logChecker) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &logChecker{run: h.run, text: h.text.WithAttrs(attrs), line: h.line}
}

// WithGroup implements [slog.Handler].
func (h *logChecker) WithGroup(name string) slog.Handler {
	return &logChecker{run: h.run, text: h.text.WithGroup(name), line: h.line}
}

// Handle implements [slog.Handler].
func (h *logChecker) Handle(ctx context.Context, r slog.Record) error {
	w := h.run.world
	w.checkDiskIfTrapped(h.run)
	if h.run.dead.Load() {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	h.line.Reset()
	if err := h.text.Handle(ctx, r); err != nil {
		return err
	}
	if w.trace != nil {
		w.tracef("%s: %s", h.run.name, bytes.TrimSpace(h.line.Bytes()))
	}
	for _, secret := range w.secrets {
		if bytes.Contains(h.line.Bytes(), secret) {
			w.violationLocked("%s logs a secret: %s", h.run.name, h.line)
		}
	}
	if h.run.scaler == nil {
		return nil
	}
	switch r.Message {
	case "decision":
		h.run.scaler.decided(decisionOf(r))
	case "webhooks settled":
		h.run.scaler.settled(settledOf(r))
	}
	return nil
}

func decisionOf(r slog.Record) autoscale.Decision {
	var d autoscale.Decision
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "result":
			d.Result = autoscale.Result(a.Value.String())
		case "reason":
			d.Reason = autoscale.Reason(a.Value.String())
		case "from":
			d.From = int(a.Value.Int64())
		case "to":
			d.To = int(a.Value.Int64())
		case "foreign_change":
			d.ForeignChange = a.Value.Bool()
		case "state":
			d.State = autoscale.State(a.Value.String())
		case "size":
			d.Size = int(a.Value.Int64())
		}
		return true
	})
	return d
}

func settledOf(r slog.Record) autoscale.Settled {
	var s autoscale.Settled
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "direction":
			s.Direction = autoscale.Direction(a.Value.String())
		case "reason":
			s.Reason = autoscale.Reason(a.Value.String())
		case "webhooks":
			s.Webhooks.Count = int(a.Value.Int64())
		}
		return true
	})
	return s
}
