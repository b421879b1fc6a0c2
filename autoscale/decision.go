package autoscale

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"
)

// A Result is how a turn ended.
type Result string

// The results of a turn.
const (
	Resized Result = "resized" // the provider reported the new size as reached
	Held    Result = "held"    // there was nothing to do, or nothing allowed
	Failed  Result = "failed"  // the pool could not be read or resized
	DryRun  Result = "dry-run" // a resize was decided on and not requested
)

// A Decision is the record of one turn: what was known, what was done, and why.
type Decision struct {
	Time time.Time `json:"time"` // when the turn began, UTC
	Turn int       `json:"turn"` // counted from 1 since the program started
	Pool string    `json:"pool"`
	Zone string    `json:"zone"`

	Up   Batch `json:"up,omitzero"`   // pending webhooks
	Down Batch `json:"down,omitzero"` // pending webhooks

	Size       int        `json:"size"`       // as read in this turn; zero if that failed
	Members    int        `json:"members"`    // in any condition
	Conditions Conditions `json:"conditions"` // of the members
	// Outdated is how many members were made with another template, type, disk
	// size or user-data than the pool has now.
	Outdated      int          `json:"outdated,omitempty"`
	RollingChange RollingState `json:"rolling_change,omitempty"`
	// Measured is of how many members it is known how busy they are.
	Measured int   `json:"measured,omitempty"`
	State    State `json:"state"` // empty if the pool could not be read
	Minimum  int   `json:"min"`
	Maximum  int   `json:"max"`
	Step     int   `json:"step"`
	// Bounds are those in force; nil without a schedule, or if the pool could not be
	// read.
	Bounds *Bounds `json:"bounds,omitempty"`
	// Budget is nil if it is not known what members cost, or the pool could not be
	// read.
	Budget *BudgetState `json:"budget,omitempty"`

	// Policy is the one that decides by the load; empty: webhooks do.
	Policy    string `json:"policy,omitempty"`
	Load      *Load  `json:"load,omitempty"`       // as measured, nil if it is not known
	LoadError string `json:"load_error,omitempty"` // why the load, or a part of it, is not known
	Why       string `json:"why,omitempty"`        // what the policy wants, in words
	// Seen is all that the policy saw, but for LoadError, and Wanted the size that it
	// wants for that. With them another policy can be tried on the same turns.
	Seen     *Observation `json:"seen,omitempty"`
	Wanted   int          `json:"wanted,omitempty"`
	Forecast *Forecast    `json:"forecast,omitempty"` // that the policy goes by
	// Candidates are the sizes that stages wanted, from the inside out, each that
	// differs from the one before. The last is what the turn wanted to do.
	Candidates []Candidate `json:"candidates,omitempty"`

	// HeldUntil is when guards let the size change again, if they hold it back and
	// that is known; NextTurn is when the next decision is due.
	HeldUntil time.Time `json:"held_until,omitzero"`
	NextTurn  time.Time `json:"next_turn"`

	// ForeignChange: something else has set the size since the turn before.
	ForeignChange bool   `json:"foreign_change,omitempty"`
	Pause         *Pause `json:"pause,omitempty"`   // in force in this turn
	DryRun        bool   `json:"dry_run,omitempty"` // the program resizes nothing

	// HealthError says why the health of the members could not be read.
	HealthError string `json:"health_error,omitempty"`
	FuseBlown   bool   `json:"fuse_blown,omitempty"` // starts of members fail
	// MeterError says why it could not be learned how busy the members are.
	MeterError string `json:"meter_error,omitempty"`

	From    int      `json:"from"`
	To      int      `json:"to"` // equal to From unless a resize was decided on
	Victims []Victim `json:"victims,omitempty"`
	Result  Result   `json:"result"`
	Reason  Reason   `json:"reason"`
	Error   string   `json:"error,omitempty"`

	Settled         []Settled `json:"settled,omitempty"` // webhooks settled in this turn
	DurationSeconds float64   `json:"duration_seconds"`
}

// keep undoes the decision to resize the pool.
func (d *Decision) keep() { d.To, d.Victims = d.From, nil }

func (d *Decision) hold(reason Reason) { d.Result, d.Reason = Held, reason }

func (d *Decision) fail(reason Reason, err error) {
	d.Result, d.Reason, d.Error = Failed, reason, err.Error()
}

func (d Decision) log(ctx context.Context, logger *slog.Logger) {
	attrs := []slog.Attr{
		slog.Int("turn", d.Turn), slog.String("pool", d.Pool), slog.String("zone", d.Zone),
		slog.String("result", string(d.Result)), slog.String("reason", string(d.Reason)),
		slog.Int("from", d.From), slog.Int("to", d.To),
		slog.Int("size", d.Size), slog.Int("members", d.Members), slog.Int("serving", d.Conditions.Serving),
		slog.String("state", string(d.State)),
		slog.Int("min", d.Minimum), slog.Int("max", d.Maximum), slog.Int("step", d.Step),
		slog.Int("up", d.Up.Count), slog.Int("down", d.Down.Count),
		slog.Bool("foreign_change", d.ForeignChange), slog.Bool("dry_run", d.DryRun),
		slog.Float64("duration_seconds", d.DurationSeconds),
	}
	for _, v := range d.Victims {
		attrs = append(attrs, slog.String("evict", v.Name+" ("+v.Why+")"))
	}
	if d.HealthError != "" {
		attrs = append(attrs, slog.String("health_err", d.HealthError))
	}
	level := slog.LevelInfo
	if d.Result == Failed {
		level = slog.LevelError
		attrs = append(attrs, slog.String("err", d.Error))
	}
	logger.LogAttrs(ctx, level, "decision", attrs...)
}

// history is a ring of the newest decisions.
type history struct {
	mu   sync.Mutex
	ring []Decision
	next int    // index of the oldest, once the ring is full
	json []byte // of the list; nil after a new decision
}

const historySize = 1000

func (h *history) add(d Decision) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.json = nil
	if len(h.ring) < historySize {
		h.ring = append(h.ring, d)
		return
	}
	h.ring[h.next] = d
	h.next = (h.next + 1) % historySize
}

// list returns a copy, oldest first.
func (h *history) list() []Decision {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ordered()
}

func (h *history) ordered() []Decision {
	list := make([]Decision, 0, len(h.ring))
	list = append(list, h.ring[h.next:]...)
	return append(list, h.ring[:h.next]...)
}

// encoded returns the list as JSON. All clients share it: half a megabyte for
// each slow one would be a lot.
func (h *history) encoded() ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.json == nil {
		body, err := json.Marshal(h.ordered())
		if err != nil {
			return nil, err
		}
		h.json = append(body, '\n')
	}
	return h.json, nil
}
