package budget

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// An Account is what the members of a pool have cost in a period. The zero Account
// has seen nothing.
type Account struct {
	Period  Period    `json:"period"`
	At      time.Time `json:"at"`      // up to then; its period is the one that counts
	Members int       `json:"members"` // that existed then
	Seconds float64   `json:"seconds"` // of members, in the period
	Usual   float64   `json:"usual"`   // members in the last day or so
}

// maxMembers is far above what any pool has.
const maxMembers = 1_000_000

// Validate reports whether an account that was read from somewhere is possible.
func (a Account) Validate() error {
	switch {
	case a == Account{}:
		return nil
	case !a.Period.known():
		return fmt.Errorf("the period is %q", a.Period)
	case a.At.Year() < 1970 || a.At.Year() > 9999:
		return errors.New("the time of an account is impossible")
	case a.Members < 0 || a.Members > maxMembers:
		return fmt.Errorf("%d members", a.Members)
	case !(a.Usual >= 0 && a.Usual <= maxMembers):
		return fmt.Errorf("%v members as usual", a.Usual)
	}
	start, _ := a.Period.bounds(a.At)
	if most := a.At.Sub(start).Seconds() * maxMembers; !(a.Seconds >= 0 && a.Seconds <= most) {
		return fmt.Errorf("%v member-seconds since %s", a.Seconds, start)
	}
	return nil
}

// usualTime is the time constant of what is usual.
const usualTime = 24 * time.Hour

// Observe returns the account with the members that exist at now. Between two times,
// there are as many as at the one with more: what is between is not seen, and the
// account is to be on the safe side. With another period, the account begins anew.
func (p Plan) Observe(a Account, now time.Time, members int) Account {
	members = min(max(members, 0), maxMembers)
	period := p.period()
	start, _ := period.bounds(now)
	if a.At.IsZero() || a.Period != period {
		return Account{Period: period, At: now, Members: members, Usual: float64(members)}
	}
	if past, _ := period.bounds(a.At); past.After(start) { // the clock was set back
		return Account{Period: period, At: now, Members: members, Usual: a.Usual}
	}
	from := a.At
	if from.Before(start) {
		from, a.Seconds = start, 0
	}
	most := max(a.Members, members)
	passed := max(now.Sub(from), 0)
	a.Seconds += passed.Seconds() * float64(most)
	keeps := math.Exp(-max(now.Sub(a.At), 0).Seconds() / usualTime.Seconds())
	a.Usual = a.Usual*keeps + float64(most)*(1-keeps)
	a.At, a.Members = now, members
	return a
}

func (p Plan) period() Period {
	if p.Period == "" {
		return Month
	}
	return p.Period
}

// secondsPerHour converts prices.
const secondsPerHour = 3600

// cost returns what member-seconds cost.
func (p Plan) cost(seconds float64) float64 { return seconds / secondsPerHour * p.Price }

// left returns how long the period of the account goes on.
func (a Account) left() time.Duration {
	_, end := a.Period.bounds(a.At)
	return end.Sub(a.At)
}
