package autoscale

import (
	"math"
	"time"
)

// A Policy says how many members a pool should have. What it needs to remember from
// turn to turn is a value that the loop keeps for it, across restarts, too. The loop
// bounds its wishes, and never acts on one to shrink while the load is not known.
type Policy interface {
	// Name is one lower-case word.
	Name() string
	// Learn takes what a turn observes, once a turn, and returns what to remember.
	// It may reuse the storage of m, which is nil at first.
	Learn(m Memory, o Observation) Memory
	// Decide changes nothing, and has the same answer for the same arguments. m is
	// what Learn has returned for this turn.
	Decide(m Memory, o Observation) Wish
	// Encode returns m in a form that Decode reads; empty: there is nothing to
	// keep. The error of Decode says that data was not written by Encode.
	Encode(m Memory) ([]byte, error)
	Decode(data []byte) (Memory, error)
}

// Memory is what a policy remembers, in its own type; nil: nothing.
type Memory any

// A Wish is the size that a policy wants.
type Wish struct {
	Size int
	Why  string // in one sentence, for people
	// Forecast is what the policy goes by, if it is one of the load to come.
	Forecast *Forecast
}

// A Forecast is the load that is expected when members that are asked for now serve.
type Forecast struct {
	Members float64 `json:"members"`          // that serve which it takes
	Margin  float64 `json:"margin"`           // members that are added for its errors; negative: taken away
	Expert  string  `json:"expert,omitempty"` // the simple forecast that counts most
}

// An Observation is what a policy sees of a turn.
type Observation struct {
	Time     time.Time     `json:"time"`
	Interval time.Duration `json:"interval_ns"` // from one turn to the next
	Size     int           `json:"size"`        // members asked for, as just read from the provider; 0 or more
	Serving  int           `json:"serving"`     // members that serve
	Starting int           `json:"starting"`    // members that have not served yet, and have time left to
	Failed   int           `json:"failed"`      // members that have not served in time, or whose machines have failed
	Min      int           `json:"min"`         // bounds of the size that are in force now
	Max      int           `json:"max"`
	Up       bool          `json:"up"`   // at least one webhook asks for more
	Down     bool          `json:"down"` // at least one webhook asks for fewer

	Load    Load  `json:"load"` // of the pool; zero if it is not known
	LoadErr error `json:"-"`    // why the load, or one of several, is not known; nil: it is
	// StartTime is how long the last new members took until they served, the
	// longest of a few; 0: none was seen yet.
	StartTime time.Duration `json:"start_time_ns"`
}

// byStep is the policy that changes the size by a fixed number of members when
// webhooks ask for it. If both directions are asked for, up wins: too many members
// cost money, too few cost users.
type byStep struct{ step int }

func (p byStep) Name() string                     { return "step" }
func (p byStep) Learn(Memory, Observation) Memory { return nil }
func (p byStep) Encode(Memory) ([]byte, error)    { return nil, nil }
func (p byStep) Decode([]byte) (Memory, error)    { return nil, nil }

func (p byStep) Decide(_ Memory, o Observation) Wish {
	switch {
	case o.Up && o.Size > math.MaxInt-p.step:
		return Wish{Size: math.MaxInt}
	case o.Up:
		return Wish{Size: o.Size + p.step}
	case o.Down:
		return Wish{Size: o.Size - p.step}
	default:
		return Wish{Size: o.Size}
	}
}

// asked is the innermost stage: it asks the policy. By load, a webhook on /up is a
// wish for one step more than there is, and no member goes while the load is not
// known.
type asked struct {
	policy Policy
	step   int
	byLoad bool
}

func newAsked(cfg Config) asked {
	return asked{policy: cfg.policy(), step: cfg.Step, byLoad: cfg.Policy != nil}
}

func (a asked) decide(o situation) target {
	wish := a.policy.Decide(o.Memory, o.observation())
	if !a.byLoad {
		switch {
		case wish.Size > o.Size:
			return target{Size: wish.Size, Reason: ReasonStepUp}
		case wish.Size < o.Size:
			return target{Size: wish.Size, Reason: ReasonStepDown}
		default:
			return target{Size: o.Size, Reason: ReasonNoDemand}
		}
	}
	size := min(max(wish.Size, 0), MaxSize)
	switch {
	case o.Up && size <= o.Size:
		return target{Size: min(o.Size+a.step, max(o.Size, MaxSize)), Reason: ReasonStepUp}
	case o.Rest.LoadErr != nil && size <= o.Size:
		return target{Size: o.Size, Reason: ReasonLoadUnknown}
	case size > o.Size:
		return target{Size: size, Reason: ReasonPolicyUp}
	case size < o.Size:
		return target{Size: size, Reason: ReasonPolicyDown}
	default:
		return target{Size: o.Size, Reason: ReasonAsWanted}
	}
}
