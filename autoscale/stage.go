package autoscale

import "time"

// newStages returns what decides in a loop, from the inside out: what the policy
// asks for, unless nobody serves, guards hold it back or the fuse is blown, within the limits; or else a
// repair; or else a rolling change; and last, who goes.
func newStages(cfg Config) stage {
	var s stage = traced{"policy", newAsked(cfg)}
	s = traced{"outage", outage{inner: s}}
	s = traced{"stabilization", stabilized{inner: s, up: cfg.Guards.UpStabilization, down: cfg.Guards.DownStabilization}}
	s = traced{"rate", paced{inner: s, guards: cfg.Guards}}
	s = traced{"budget", budgeted{inner: s}}
	s = traced{"fuse", fuse{inner: s}}
	s = traced{"limits", limits{inner: s, step: cfg.turnStep()}}
	s = traced{"repair", repair{inner: s, order: cfg.EvictionOrder}}
	s = traced{"rolling-change", rolling{inner: s, order: cfg.EvictionOrder, begins: cfg.RollingChange}}
	return traced{"scale-in", scaleIn{inner: s, order: cfg.EvictionOrder}}
}

// A stage turns a situation into a target, mostly by correcting the target of the
// stage inside it. It is a pure function: the same situation always gives the same
// target.
type stage interface {
	decide(situation) target
}

// A situation is all that stages know.
type situation struct {
	Size     int // members asked for, as just read from the provider; 0 or more
	Min, Max int // bounds of the size that are in force now
	// Floor and Ceiling: Min and Max are those of the schedule, not the configured ones.
	Floor, Ceiling bool
	// Budgeted: Max is what the budget pays for.
	Budgeted bool
	Saving   bool // most of the budget is spent

	Members []observedMember // members that exist, in any condition
	Up      bool             // at least one webhook asks for more
	Down    bool             // at least one webhook asks for fewer

	Rest   Observation // what the policy sees besides
	Memory Memory      // of the policy
	Past   past

	AwaitsMissing bool // members that do not exist yet may still come
	HealthUnknown bool // the health of the members could not be read
	FuseBlown     bool // starts of members fail
	Halted        bool // the rolling change
	Owed          int  // members that were evicted, and are to be replaced; negative: [situation.surplus]
	MayRepair     bool // not too many were lately

	trace *[]Candidate // nil: nobody reads it
}

// observation returns what the policy sees.
func (o situation) observation() Observation {
	seen := o.Rest
	seen.Size, seen.Min, seen.Max, seen.Up, seen.Down = o.Size, o.Min, o.Max, o.Up, o.Down
	return seen
}

// A target is the size that a stage wants, and why. A size equal to the observed
// one means that there is nothing to do.
type target struct {
	Size    int
	Reason  Reason
	Victims []Victim // who goes, if the size is smaller; none: nobody who exists
	// Webhooks is what becomes of webhooks that a repair or a rolling change does
	// not serve.
	Webhooks Reason
	Until    time.Time // guards hold it back until then; zero: they do not, or it is not known
	Halts    bool      // the rolling change, until an operator resumes it
}

// refusesUp returns why webhooks that ask for more are refused while the pool
// shrinks.
func (t target) refusesUp() Reason {
	if t.Reason == ReasonBudget {
		return ReasonBudget
	}
	return ReasonAtMaximum
}

// waits reports whether a later turn may do what webhooks ask for, so that they
// wait for it.
func (t target) waits() bool { return waits(t.Reason) }

func waits(reason Reason) bool {
	switch reason {
	case ReasonMemberStarting, ReasonHealthUnknown, ReasonProtected, ReasonFuseBlown,
		ReasonStabilizing, ReasonCooldown, ReasonPace, ReasonReversals:
		return true
	default:
		return false
	}
}

// A Candidate is the size that one stage of a decision wanted, and why. A rolling
// change is outside most stages: its one more is no part of their sizes.
type Candidate struct {
	Stage  string `json:"stage"`
	Size   int    `json:"size"`
	Reason Reason `json:"reason"`
}

// traced records what a stage wants, if that is another target than the one of the
// stage inside it.
type traced struct {
	name string
	stage
}

func (t traced) decide(o situation) target {
	want := t.stage.decide(o)
	if o.trace == nil {
		return want
	}
	if n := len(*o.trace); n == 0 || (*o.trace)[n-1].Size != want.Size || (*o.trace)[n-1].Reason != want.Reason {
		*o.trace = append(*o.trace, Candidate{Stage: t.name, Size: want.Size, Reason: want.Reason})
	}
	return want
}
