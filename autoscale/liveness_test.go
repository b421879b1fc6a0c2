package autoscale_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
)

// settle lets members recover that nobody drains, but for these.
func (c *capacity) settle(sick []string) {
	for i, m := range c.members() {
		_, drains := c.drains[m.IPv4.String()]
		switch {
		case slices.Contains(sick, m.ID):
			c.SetHealth(i, autoscale.Unhealthy)
		case !drains:
			c.ShowState(i, autoscale.MemberState(m.State))
			c.SetHealth(i, autoscale.Healthy)
		}
	}
}

// rollsOut requires that the pool gets members with other settings, and keeps its
// size.
func (c *capacity) rollsOut(loop *autoscale.Loop) {
	var last autoscale.Decision
	calm := func(turns int) {
		for range turns {
			c.settle(nil)
			c.cfg.Clock.(*fake.Clock).Advance(time.Minute)
			c.endLeases()
			last = loop.RunOnce(context.Background())
		}
	}
	c.SetSettings("0")
	calm(6) // webhooks expire
	for turns := 0; last.RollingChange != "" && turns < 60; turns++ {
		calm(1)
	}
	size := c.Size()
	c.SetSettings("of the last change")
	calm(60)
	require.Equal(c.t, size, c.Size(), "seed %d: %+v", c.seed, last)
	require.Equal(c.t, !c.cfg.RollingChange, last.Outdated > 0, "seed %d: %+v", c.seed, last)
}

// TestNothingHoldsForGood plays random schedules, and then a calm time in which
// the pool has to follow webhooks to its minimum and its maximum, as far as the quota
// permits, though some members hang, and to get other members.
func TestNothingHoldsForGood(t *testing.T) {
	t.Parallel()
	for seed := range *schedules {
		c := newCapacity(t, seed)
		loop := c.start()
		turn := func(direction autoscale.Direction) autoscale.Decision {
			loop.Record(context.Background(), direction)
			c.cfg.Clock.(*fake.Clock).Advance(time.Minute)
			c.endLeases()
			return loop.RunOnce(context.Background())
		}
		for range 40 {
			c.mishap()
			turn([]autoscale.Direction{up, down}[c.rng.IntN(2)])
			if c.rng.IntN(20) == 0 {
				loop = c.start()
				c.restarted()
			}
		}
		sick := c.IDs()[:min(2, c.Size()-1)]
		for i := range sick {
			if state := []autoscale.MemberState{autoscale.MemberRunning, autoscale.MemberStopping, ""}[c.rng.IntN(3)]; c.rng.IntN(2) == 0 {
				c.ShowState(i, state)
			}
		}
		c.raise()
		for _, direction := range []autoscale.Direction{down, up} {
			want := map[autoscale.Direction]int{down: c.cfg.Min, up: c.cfg.Max}[direction]
			if direction == up && c.rng.IntN(3) == 0 {
				c.quota, c.refuses = c.cfg.Min+c.rng.IntN(c.cfg.Max-c.cfg.Min), true
				want = c.quota - (c.quota-c.cfg.Min)%c.cfg.Step // whole steps
			}
			var last autoscale.Decision
			for turns := 0; turns < 60 || last.RollingChange != "" && turns < 150; turns++ { // a blown fuse holds a rolling change
				c.settle(sick)
				last = turn(direction)
			}
			require.Equal(t, want, c.Size(), "seed %d: %s: %+v", seed, direction, last)
		}
		c.raise()
		c.rollsOut(loop)
	}
}

// mishap is what happens to members, the account and the API between turns.
func (c *capacity) mishap() {
	member := c.rng.IntN(max(len(c.IDs()), 1))
	switch c.rng.IntN(10) {
	case 0:
		c.FailNext("resize", errors.New("timeout"))
	case 1:
		c.raise()
		c.SetSize(1 + c.rng.IntN(6))
		c.boot()
	case 2:
		c.quota, c.refuses = 1+c.rng.IntN(6), c.rng.IntN(2) == 0
	case 3:
		c.ShowState(member, []autoscale.MemberState{autoscale.MemberStopping, "", autoscale.MemberRunning}[c.rng.IntN(3)])
	case 4:
		c.SetSettings([]string{"0", "1", ""}[c.rng.IntN(3)])
	default:
		c.SetHealth(member, autoscale.Unhealthy)
	}
}
