// Package lograte keeps a flood of the same event from flooding the log.
package lograte

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// leftOut is the attribute that counts the records left out since the last one
// that was logged.
const leftOut = "left_out"

// A Handler passes on at most one record in each interval. It passes the first
// record on at once, and of those that follow within the interval the last one
// at its end, with the number of the others as "left_out". Handlers derived from
// it, with attributes or groups, share its interval.
type Handler struct {
	next  slog.Handler
	quota *quota
}

// New returns a handler in front of next.
func New(next slog.Handler, interval time.Duration) *Handler {
	return &Handler{next: next, quota: &quota{interval: interval}}
}

// Logger returns a logger that logs what logger does, but at most once in each
// interval.
func Logger(logger *slog.Logger, interval time.Duration) *slog.Logger {
	return slog.New(New(logger.Handler(), interval))
}

// Enabled implements [slog.Handler].
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if h.quota.spend(ctx, h.next, r) {
		return h.next.Handle(ctx, r)
	}
	return nil
}

// WithAttrs implements [slog.Handler].
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{next: h.next.WithAttrs(attrs), quota: h.quota}
}

// WithGroup implements [slog.Handler].
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{next: h.next.WithGroup(name), quota: h.quota}
}

// quota allows one record in each interval.
type quota struct {
	interval time.Duration

	mu      sync.Mutex
	running bool   // an interval, which ends with a call of end
	waiting int    // records that came in it
	last    func() // logs the last of them
}

// spend reports whether the record is the first of an interval. Otherwise it
// is kept, or counted, for the end of the running one.
func (q *quota) spend(ctx context.Context, to slog.Handler, r slog.Record) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.running {
		q.begin()
		return true
	}
	others := q.waiting
	q.waiting++
	ctx, r = context.WithoutCancel(ctx), r.Clone()
	q.last = func() {
		if others > 0 {
			r.AddAttrs(slog.Int(leftOut, others))
		}
		_ = to.Handle(ctx, r) // slog.Logger ignores errors, too
	}
	return false
}

func (q *quota) begin() {
	q.running = true
	time.AfterFunc(q.interval, q.end)
}

// end logs what waits, which begins the next interval.
func (q *quota) end() {
	if last := q.take(); last != nil {
		last()
	}
}

func (q *quota) take() func() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running = false
	last := q.last
	q.waiting, q.last = 0, nil
	if last != nil {
		q.begin()
	}
	return last
}
