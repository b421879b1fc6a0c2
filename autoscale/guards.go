package autoscale

import (
	"errors"
	"fmt"
	"time"

	"github.com/exopool/exopool/internal/configerr"
)

// Guards keep the size of a pool calm. Those that are zero do nothing. They are
// about what webhooks and the policy ask for, and not about corrections: the way back
// into bounds, repairs, rolling changes.
type Guards struct {
	// UpStabilization and DownStabilization: the pool grows, or shrinks, only as far
	// as was wanted for so long. So a short peak, or a short lull, changes nothing.
	// Up to [MaxGuard].
	UpStabilization, DownStabilization time.Duration
	// UpCooldown is the time after growth until the pool may grow again, and
	// DownCooldown that after any change until it may shrink. Up to [MaxGuard].
	UpCooldown, DownCooldown time.Duration
	// UpRate and DownRate are how many members may be added, or removed, in a
	// while.
	UpRate, DownRate Rate
	// Reversals is how often in an hour the size may begin to go the other way. Then
	// it only grows. Up to [MaxSize].
	Reversals int
}

// A Rate is a number of members in a sliding window of time. The zero Rate is no
// limit.
type Rate struct {
	Members int           // 1 to [MaxSize]
	Per     time.Duration // above 0, up to [MaxGuard]
}

// MaxGuard is the longest time that a guard looks back.
const MaxGuard = 24 * time.Hour

func (g Guards) validate() error {
	return errors.Join(
		configerr.Between("UpStabilization", g.UpStabilization, 0, MaxGuard),
		configerr.Between("DownStabilization", g.DownStabilization, 0, MaxGuard),
		configerr.Between("UpCooldown", g.UpCooldown, 0, MaxGuard),
		configerr.Between("DownCooldown", g.DownCooldown, 0, MaxGuard),
		g.UpRate.validate("UpRate"), g.DownRate.validate("DownRate"),
		configerr.Between("Reversals", g.Reversals, 0, MaxSize),
	)
}

func (r Rate) validate(field string) error {
	if r == (Rate{}) || 1 <= r.Members && r.Members <= MaxSize && 0 < r.Per && r.Per <= MaxGuard {
		return nil
	}
	return &configerr.Error{
		Field: field, Problem: fmt.Sprintf("is %d members in %s", r.Members, r.Per),
		Remedy: fmt.Sprintf("set 1 to %d members in up to %s", MaxSize, MaxGuard),
	}
}

// lookback returns how far back the guards look at sizes that were wanted, and at
// changes of the size.
func (g Guards) lookback() (wishes, changes time.Duration) {
	changes = max(g.UpCooldown, g.DownCooldown, g.UpRate.Per, g.DownRate.Per)
	if g.Reversals > 0 {
		changes = max(changes, time.Hour)
	}
	return max(g.UpStabilization, g.DownStabilization), changes
}

// stabilized lets the size go only as far as was wanted all the time.
type stabilized struct {
	inner    stage
	up, down time.Duration
}

func (s stabilized) decide(o situation) target {
	want := s.inner.decide(o)
	size := want.Size
	switch {
	case want.Size > o.Size:
		size = max(o.Past.lowestWish(o.Rest.Time.Add(-s.up), want.Size), o.Size)
	case want.Size < o.Size:
		size = min(o.Past.highestWish(o.Rest.Time.Add(-s.down), want.Size), o.Size)
	}
	if size == o.Size && want.Size != o.Size {
		return target{Size: o.Size, Reason: ReasonStabilizing}
	}
	want.Size = size
	return want
}

// paced lets the size change only so often and so fast.
type paced struct {
	inner  stage
	guards Guards
}

func (p paced) decide(o situation) target {
	want := p.inner.decide(o)
	now := o.Rest.Time
	switch {
	case want.Size > o.Size:
		if o.Past.changedSince(now.Add(-p.guards.UpCooldown), Up) {
			return target{Size: o.Size, Reason: ReasonCooldown, Until: o.Past.lastChange(Up).Add(p.guards.UpCooldown)}
		}
		want.Size = min(want.Size, o.Size+p.guards.UpRate.room(o.Past, now, Up))
	case want.Size < o.Size:
		if o.Past.changedSince(now.Add(-p.guards.DownCooldown), Up) || o.Past.changedSince(now.Add(-p.guards.DownCooldown), Down) {
			last := o.Past.lastChange("")
			return target{Size: o.Size, Reason: ReasonCooldown, Until: last.Add(p.guards.DownCooldown)}
		}
		if p.guards.Reversals > 0 && o.Past.reversesAgain(now.Add(-time.Hour), p.guards.Reversals) {
			return target{Size: o.Size, Reason: ReasonReversals}
		}
		want.Size = max(want.Size, o.Size-p.guards.DownRate.room(o.Past, now, Down))
	default:
		return want
	}
	if want.Size == o.Size {
		want.Reason = ReasonPace
	}
	return want
}

// room returns how many members more may come, or go, now.
func (r Rate) room(past past, now time.Time, direction Direction) int {
	if r == (Rate{}) {
		return MaxSize
	}
	return max(r.Members-past.changeSince(now.Add(-r.Per), direction), 0)
}
