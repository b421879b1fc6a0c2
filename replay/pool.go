package replay

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/exopool/exopool/autoscale"
)

// A pool is the model of an instance pool. New members serve one boot time after
// they were asked for, if they ever do; those that go stop at once.
type pool struct {
	clock  *virtualClock
	boot   time.Duration
	fails  float64 // share of new members that never serve
	random *rand.Rand

	members []autoscale.Member // oldest first
	fates   []fate             // of members, in the same order
	created int
	serving int
	next    time.Time // when the next member begins to serve; zero: none does
}

// A fate is what becomes of a new member.
type fate struct {
	serves bool
	ready  time.Time
}

// newPool returns a pool of members that serve.
func newPool(cfg Config, clock *virtualClock, size int) *pool {
	p := &pool{clock: clock, random: rand.New(rand.NewPCG(cfg.Seed, 0))} //nolint:gosec // G404: a model that can be repeated
	p.grow(size)
	p.boot, p.fails = cfg.Boot, cfg.FailedStarts
	return p
}

// Status implements [autoscale.Pool].
func (p *pool) Status(context.Context) (autoscale.Status, error) {
	return autoscale.Status{Size: len(p.members), Members: slices.Clone(p.members), State: autoscale.StateRunning}, nil
}

// Resize implements [autoscale.Pool]. Like the provider it removes the oldest.
func (p *pool) Resize(_ context.Context, size int) error {
	switch surplus := len(p.members) - size; {
	case size < 0:
		return fmt.Errorf("size %d: %w", size, autoscale.ErrRefused)
	case surplus < 0:
		p.grow(size)
	default:
		p.members, p.fates = slices.Delete(p.members, 0, surplus), slices.Delete(p.fates, 0, surplus)
	}
	p.review()
	return nil
}

// Evict implements [autoscale.Pool].
func (p *pool) Evict(_ context.Context, ids []string) error {
	for _, id := range ids {
		i := slices.IndexFunc(p.members, func(m autoscale.Member) bool { return m.ID == id })
		if i < 0 {
			return fmt.Errorf("evict %s: is no member: %w", id, autoscale.ErrRefused)
		}
		p.members, p.fates = slices.Delete(p.members, i, i+1), slices.Delete(p.fates, i, i+1)
	}
	p.review()
	return nil
}

// grow adds members up to a size.
func (p *pool) grow(size int) {
	for len(p.members) < size {
		p.created++
		name := fmt.Sprintf("member-%d", p.created)
		fate := fate{ready: p.clock.now.Add(p.boot), serves: p.fails == 0 || p.random.Float64() >= p.fails}
		p.members = append(p.members, autoscale.Member{
			ID: name, Name: name, Created: p.clock.now, State: autoscale.MemberRunning, Health: autoscale.Unhealthy,
		})
		p.fates = append(p.fates, fate)
	}
	p.review()
}

// shrink removes the newest members down to a size.
func (p *pool) shrink(size int) {
	p.members, p.fates = p.members[:size], p.fates[:size]
	p.review()
}

// wake lets members begin to serve whose boot time is over.
func (p *pool) wake() {
	if !p.next.IsZero() && !p.clock.now.Before(p.next) {
		p.review()
	}
}

// review sets the health of all members.
func (p *pool) review() {
	p.serving, p.next = 0, time.Time{}
	for i, f := range p.fates {
		switch {
		case !f.serves:
		case !f.ready.After(p.clock.now):
			p.members[i].Health = autoscale.Healthy
			p.serving++
		case p.next.IsZero() || f.ready.Before(p.next):
			p.next = f.ready
		}
	}
}

// ages returns, for each number of ticks below the last one, how many members have
// served for as long; the last one is of those that have served for longer.
func (p *pool) ages(tick time.Duration, counts []int) {
	clear(counts)
	for _, f := range p.fates {
		if age := p.clock.now.Sub(f.ready); f.serves && age >= 0 {
			counts[min(int(age/tick), len(counts)-1)]++
		}
	}
}
