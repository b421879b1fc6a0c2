package autoscale

import (
	"context"
	"errors"
	"log/slog"
	"math"

	"github.com/exopool/exopool/budget"
	"github.com/exopool/exopool/internal/configerr"
)

// A BudgetState is where a budget stands in a turn.
type BudgetState struct {
	budget.Report

	Most  int         `json:"most"` // members that it pays for
	State BudgetPhase `json:"state,omitempty"`
	Text  string      `json:"text"` // the report in words
}

// A BudgetPhase says how a budget restricts the size. Without one it does not.
type BudgetPhase string

// The phases of a budget.
const (
	BudgetSaving    BudgetPhase = "saving"    // the pool grows only for a load that is there
	BudgetExhausted BudgetPhase = "exhausted" // it pays for no more members than there are
)

// budgeted stops growth that the budget does not pay for, and while it is short,
// growth for a load that is only expected. That a size which it no longer pays for
// becomes smaller is up to the limits.
type budgeted struct{ inner stage }

func (b budgeted) decide(o situation) target {
	want := b.inner.decide(o)
	switch {
	case want.Size <= o.Size:
		return want
	case o.Budgeted && o.Size >= o.Max, o.Saving && !o.shortage():
		return target{Size: o.Size, Reason: ReasonBudget}
	case o.Budgeted:
		want.Size = min(want.Size, o.Max)
	}
	return want
}

// shortage reports whether a load that is there, and not only expected, takes more
// members than there are.
func (o situation) shortage() bool {
	return o.Up || o.Rest.Load.AtLeast || o.Rest.Load.Members > float64(o.Rest.Serving+o.Rest.Starting)
}

// withBudget returns what is observed with the maximum that the budget pays for. The
// minimum comes before it.
func (o situation) withBudget(most int, phase BudgetPhase) situation {
	o.Saving = phase != ""
	if affordable := max(most, o.Min); affordable < o.Max {
		o.Max, o.Ceiling, o.Budgeted = affordable, false, true
	}
	return o
}

// recordBudget accounts for the members that exist, and takes what the budget pays
// for.
func (l *Loop) recordBudget(ctx context.Context, d *Decision) {
	plan := l.cfg.Budget
	l.most = math.MaxInt
	if !plan.Priced() {
		return
	}
	l.account.now = plan.Observe(l.account.now, l.readAt, d.Members)
	report := plan.Report(l.account.now, l.cfg.Min)
	state := BudgetState{
		Report: report, Text: report.String(),
		Most: plan.Most(l.account.now, l.cfg.Min, l.cfg.Max, l.cfg.wayBack()),
	}
	switch {
	case state.Most < l.cfg.Max && state.Most <= d.Size:
		state.State = BudgetExhausted
	case plan.Saves(l.account.now, l.cfg.Min):
		state.State = BudgetSaving
	}
	d.Budget, l.most = &state, state.Most
	l.metrics.budget.set(state)
	if before := l.phase; before != state.State {
		l.phase = state.State
		l.logPhase(ctx, state)
	}
}

func (l *Loop) logPhase(ctx context.Context, state BudgetState) {
	attrs := l.attrs(slog.String("budget", state.Text), slog.Int("most", state.Most))
	switch state.State {
	case BudgetExhausted:
		l.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "the budget pays for no more members than there are", attrs...)
	case BudgetSaving:
		l.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "most of the budget is spent: the pool grows only for a load that is there", attrs...)
	default:
		l.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "the budget pays for more members again", attrs...)
	}
}

// validateBudget reports what is wrong with the budget, as fields within that field.
func (cfg Config) validateBudget() error {
	found := configerr.Errors(cfg.Budget.Validate())
	errs := make([]error, 0, len(found))
	for _, wrong := range found {
		errs = append(errs, &configerr.Error{Field: "Budget." + wrong.Field, Problem: wrong.Problem, Remedy: wrong.Remedy})
	}
	return errors.Join(errs...)
}

// wayBack returns how fast the pool can become smaller. No member goes while another
// starts, and each may drain first.
func (cfg Config) wayBack() budget.WayBack {
	way := budget.WayBack{Turn: cfg.Interval, Step: cfg.turnStep()}
	if cfg.Drainer != nil {
		way.Turn += cfg.DrainTimeout
	}
	way.Lead = cfg.StartTimeout + cfg.Interval + way.Turn
	return way
}
