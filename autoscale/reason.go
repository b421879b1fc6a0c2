package autoscale

import (
	"context"
	"errors"
)

// A Reason says in one short word why a turn ended as it did, or what became
// of a webhook. The set is closed, since reasons are labels of metrics.
type Reason string

// Reasons of turns. A new reason needs a line in reasonUses, too, and one in
// docs/operations.md.
const (
	// ReasonStepUp and ReasonStepDown: the pool was resized as webhooks asked.
	ReasonStepUp   Reason = "step-up"
	ReasonStepDown Reason = "step-down"
	// ReasonBelowMinimum and ReasonAboveMaximum: the pool was resized without
	// a webhook, because its size was out of bounds.
	ReasonBelowMinimum Reason = "below-minimum"
	ReasonAboveMaximum Reason = "above-maximum"
	// ReasonSchedule: the same, because its size was out of the bounds that the
	// schedule sets.
	ReasonSchedule Reason = "schedule"
	// ReasonBudget: the pool does not grow, or was made smaller, because the budget
	// pays for no more members.
	ReasonBudget Reason = "budget"
	// ReasonRepair: a member that does not serve was evicted, or replaced by a
	// new one.
	ReasonRepair Reason = "repair"
	// ReasonNotReplaced: fewer were asked for, or no more, so that a member that was evicted
	// because it did not serve is not replaced.
	ReasonNotReplaced Reason = "not-replaced"
	// ReasonRollingChange: an outdated member is being replaced: the pool was
	// resized for that, or waits until a new member serves.
	ReasonRollingChange Reason = "rolling-change"
	// ReasonRollingHalted: a new member did not serve, so that no others are
	// replaced until an operator resumes, or the pool gets other settings.
	ReasonRollingHalted Reason = "rolling-change-halted"
	// ReasonPolicyUp and ReasonPolicyDown: the pool was resized as the policy wants
	// it for its load.
	ReasonPolicyUp   Reason = "policy-up"
	ReasonPolicyDown Reason = "policy-down"
	// ReasonAsWanted: the pool has the size that the policy wants.
	ReasonAsWanted Reason = "as-wanted"
	// ReasonStabilizing: the pool keeps its size, because another was wanted not
	// long ago.
	ReasonStabilizing Reason = "stabilizing"
	// ReasonCooldown: the pool keeps its size, because it has changed not long ago.
	ReasonCooldown Reason = "cooldown"
	// ReasonPace: the pool keeps its size, because as many members as the rate
	// permits have come or gone not long ago.
	ReasonPace Reason = "pace"
	// ReasonReversals: the pool does not shrink, because it has gone up and down so
	// often within an hour.
	ReasonReversals Reason = "reversals"
	// ReasonLoadUnknown: the pool does not shrink, because its load is not known.
	ReasonLoadUnknown Reason = "load-unknown"
	// ReasonNoDemand: there was no webhook, and the size is within bounds.
	ReasonNoDemand Reason = "no-demand"
	// ReasonAtMinimum: one step down would go below the minimum size.
	ReasonAtMinimum Reason = "at-minimum"
	// ReasonAtMaximum: one step up would exceed the maximum size, counting
	// members in every state.
	ReasonAtMaximum Reason = "at-maximum"
	// ReasonMemberStarting: the pool does not shrink while a member that was
	// asked for has not served yet, or one stops, unless it has failed.
	ReasonMemberStarting Reason = "member-starting"
	// ReasonDraining: members finish their work before they are evicted.
	ReasonDraining Reason = "draining"
	// ReasonTakenBack: more was asked for, and a member that was draining goes
	// on to serve.
	ReasonTakenBack Reason = "taken-back"
	// ReasonHealthUnknown: the pool does not shrink, because the health of its
	// members could not be read.
	ReasonHealthUnknown Reason = "health-unknown"
	// ReasonNobodyServes: the pool does not shrink, because no member serves: the
	// application or its health check is to blame, not the number of members.
	ReasonNobodyServes Reason = "nobody-serves"
	// ReasonProtected: the pool does not shrink, because members that would go
	// are protected.
	ReasonProtected Reason = "protected"
	// ReasonFuseBlown: the pool does not grow, because new members do not
	// become healthy.
	ReasonFuseBlown Reason = "fuse-blown"
	// ReasonNotRunning: the pool is in the middle of an operation, or in a
	// state that this program does not know.
	ReasonNotRunning Reason = "pool-not-running"
	// ReasonPaused: an operator has paused the loop.
	ReasonPaused Reason = "paused"
	// ReasonContended: something else seems to scale this pool, too.
	ReasonContended Reason = "contended"
	// ReasonStopping: the program stops; nothing was requested.
	ReasonStopping Reason = "stopping"
	// ReasonRefused: the provider refused the new size, or the API key; nothing
	// changed.
	ReasonRefused Reason = "refused"
	// ReasonSizeChanged: something else set the size after this turn had made
	// its decision; the next turn makes a new one.
	ReasonSizeChanged Reason = "size-changed"
	// ReasonRateLimited: the provider limits the rate of calls.
	ReasonRateLimited Reason = "rate-limited"
	// ReasonPoolNotFound: the pool does not exist.
	ReasonPoolNotFound Reason = "pool-not-found"
	// ReasonTimeout: the provider did not answer before the timeout of the turn.
	ReasonTimeout Reason = "timeout"
	// ReasonAPIError: the provider's API failed in any other way.
	ReasonAPIError Reason = "api-error"
	// ReasonStateError: the state directory cannot be written, and what it
	// holds could make a webhook count twice after a crash.
	ReasonStateError Reason = "state-error"
)

// Reasons why a webhook was settled without a step of its own. A turn that did
// nothing but settle webhooks has the same reason.
const (
	// ReasonSuperseded: another webhook asked for more in the same turn.
	ReasonSuperseded Reason = "superseded-by-up"
	// ReasonOverruled: the webhook asked for fewer, and the policy decides that by
	// the load.
	ReasonOverruled Reason = "overruled"
	// ReasonDryRun: the step was decided on and, in a dry run, not taken.
	ReasonDryRun Reason = "dry-run"
	// ReasonExpired: the webhook waited too long.
	ReasonExpired Reason = "expired"
	// ReasonConfirmed: a resize whose answer was lost took effect.
	ReasonConfirmed Reason = "confirmed"
	// ReasonOutcomeUnknown: a resize whose answer was lost can no longer be
	// told from a change by something else.
	ReasonOutcomeUnknown Reason = "outcome-unknown"
)

// A reasonUse says where a reason occurs.
type reasonUse struct {
	reason  Reason
	results []Result    // of turns
	settles []Direction // of webhooks
}

// reasonUses returns where each reason occurs, in the order of the constants.
func reasonUses() []reasonUse {
	var (
		never []Result
		none  []Direction
		both  = []Direction{Up, Down}
	)
	return []reasonUse{
		{ReasonStepUp, []Result{Resized, DryRun}, []Direction{Up}},
		{ReasonStepDown, []Result{Resized, DryRun}, []Direction{Down}},
		{ReasonBelowMinimum, []Result{Resized, DryRun}, none},
		{ReasonAboveMaximum, []Result{Resized, DryRun}, none},
		{ReasonSchedule, []Result{Resized, DryRun}, none},
		{ReasonBudget, []Result{Resized, DryRun, Held}, both},
		{ReasonRepair, []Result{Resized, DryRun}, []Direction{Up}},
		{ReasonNotReplaced, []Result{Held}, []Direction{Down}},
		{ReasonRollingChange, []Result{Resized, DryRun, Held}, none},
		{ReasonRollingHalted, []Result{Held}, none},
		{ReasonPolicyUp, []Result{Resized, DryRun}, []Direction{Up}},
		{ReasonPolicyDown, []Result{Resized, DryRun}, none},
		{ReasonAsWanted, []Result{Held}, none},
		{ReasonStabilizing, []Result{Held}, none},
		{ReasonCooldown, []Result{Held}, none},
		{ReasonPace, []Result{Held}, none},
		{ReasonReversals, []Result{Held}, none},
		{ReasonLoadUnknown, []Result{Held}, none},
		{ReasonNoDemand, []Result{Held}, none},
		{ReasonAtMinimum, []Result{Held}, []Direction{Down}},
		{ReasonAtMaximum, []Result{Held}, []Direction{Up}},
		{ReasonMemberStarting, []Result{Held}, none},
		{ReasonDraining, []Result{Held}, none},
		{ReasonTakenBack, []Result{Held}, []Direction{Up}},
		{ReasonHealthUnknown, []Result{Held}, none},
		{ReasonNobodyServes, []Result{Held}, []Direction{Down}},
		{ReasonProtected, []Result{Held}, none},
		{ReasonFuseBlown, []Result{Held}, none},
		{ReasonNotRunning, []Result{Held}, none},
		{ReasonPaused, []Result{Held}, none},
		{ReasonContended, []Result{Held}, none},
		{ReasonStopping, []Result{Held}, none},
		{ReasonRefused, []Result{Failed}, none},
		{ReasonSizeChanged, []Result{Held}, none},
		{ReasonRateLimited, []Result{Failed}, none},
		{ReasonPoolNotFound, []Result{Failed}, none},
		{ReasonTimeout, []Result{Failed}, none},
		{ReasonAPIError, []Result{Failed}, none},
		{ReasonStateError, []Result{Failed}, none},
		{ReasonSuperseded, never, []Direction{Down}},
		{ReasonOverruled, never, []Direction{Down}},
		{ReasonDryRun, never, both},
		{ReasonExpired, []Result{Held}, both},
		{ReasonConfirmed, []Result{Resized, Held}, both},
		{ReasonOutcomeUnknown, []Result{Held}, both},
	}
}

// isIdle reports whether the reason is that nothing else is wanted.
func (r Reason) isIdle() bool { return r == ReasonNoDemand || r == ReasonAsWanted }

// reasonOf returns the reason of a turn in which a call of the pool failed.
func reasonOf(err error) Reason {
	switch {
	case errors.Is(err, ErrRateLimited):
		return ReasonRateLimited
	case errors.Is(err, ErrRefused):
		return ReasonRefused
	case errors.Is(err, ErrPoolNotFound):
		return ReasonPoolNotFound
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return ReasonTimeout
	default:
		return ReasonAPIError
	}
}
