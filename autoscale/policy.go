package autoscale

// newPolicy returns the policy of a loop: a step in the direction that is asked
// for, within the limits, which come last.
func newPolicy(step, low, high int) policy {
	return limits{policy: byStep{step: step}, step: step, min: low, max: high}
}

// A policy turns an observation into a target. It is a pure function: the same
// observation always gives the same target.
type policy interface {
	decide(observation) target
}

// An observation is all that a policy may look at.
type observation struct {
	Size    int  // members asked for, as just read from the provider; 0 or more
	Members int  // members that exist, in whatever state; 0 or more
	Up      bool // at least one webhook asks for more
	Down    bool // at least one webhook asks for fewer
}

// A target is the size that a policy wants, and why. A size equal to the
// observed one means that nothing is to be done.
type target struct {
	Size   int
	Reason Reason
}

// A Reason says in one short word why a turn ended as it did, or what became
// of a webhook. The set is closed, since reasons are labels of metrics.
type Reason string

// Reasons of turns.
const (
	// ReasonStepUp and ReasonStepDown: the pool was resized as asked.
	ReasonStepUp   Reason = "step-up"
	ReasonStepDown Reason = "step-down"
	// ReasonBelowMinimum and ReasonAboveMaximum: the pool was resized, without
	// a webhook, because its size was out of bounds.
	ReasonBelowMinimum Reason = "below-minimum"
	ReasonAboveMaximum Reason = "above-maximum"
	// ReasonNoDemand: no webhook was waiting, and the size is within bounds.
	ReasonNoDemand Reason = "no-demand"
	// ReasonAtMinimum: one step down would leave fewer than the minimum.
	ReasonAtMinimum Reason = "at-minimum"
	// ReasonAtMaximum: one step up would exceed the maximum, counting members
	// in every state.
	ReasonAtMaximum Reason = "at-maximum"
	// ReasonNotRunning: the pool is in the middle of something, or in a state
	// that this program does not know.
	ReasonNotRunning Reason = "pool-not-running"
	// ReasonPaused: an operator has paused the loop.
	ReasonPaused Reason = "paused"
	// ReasonContended: something else seems to scale this pool, too.
	ReasonContended Reason = "contended"
	// ReasonStopping: the program was told to stop before it wrote anything.
	ReasonStopping Reason = "stopping"
	// ReasonRefused: the provider refused the new size, or already the key
	// that asked for it; nothing changed.
	ReasonRefused Reason = "refused"
	// ReasonSizeChanged: somebody else set the size after this turn had decided
	// on one; the next turn decides anew.
	ReasonSizeChanged Reason = "size-changed"
	// ReasonRateLimited: the provider wants fewer calls.
	ReasonRateLimited Reason = "rate-limited"
	// ReasonPoolNotFound: the pool does not exist.
	ReasonPoolNotFound Reason = "pool-not-found"
	// ReasonTimeout: the provider did not answer within the time of one turn.
	ReasonTimeout Reason = "timeout"
	// ReasonAPIError: the provider's API failed in any other way.
	ReasonAPIError Reason = "api-error"
	// ReasonStateError: the state directory cannot be written, and what it
	// holds could make a webhook count twice after a crash.
	ReasonStateError Reason = "state-error"
)

// Reasons why a webhook was settled without a step of its own. A turn whose
// only work was to settle webhooks carries the same reason.
const (
	// ReasonSuperseded: another webhook asked for more in the same turn.
	ReasonSuperseded Reason = "superseded-by-up"
	// ReasonDryRun: a step was decided on that the program was told not to take.
	ReasonDryRun Reason = "dry-run"
	// ReasonExpired: the webhook waited too long to be acted on.
	ReasonExpired Reason = "expired"
	// ReasonConfirmed: a resize whose answer was lost took effect.
	ReasonConfirmed Reason = "confirmed"
	// ReasonOutcomeUnknown: a resize whose answer was lost can no
	// longer be told apart from somebody else's change of the size.
	ReasonOutcomeUnknown Reason = "outcome-unknown"
)
