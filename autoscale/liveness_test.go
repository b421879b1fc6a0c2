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

// settle lets members that nobody drains recover, but for these.
func (c *capacity) settle(sick []string) {
	for i, m := range c.members() {
		switch {
		case slices.Contains(sick, m.ID):
			c.SetHealth(i, autoscale.Unhealthy)
		case !c.drained[m.Address.String()]:
			c.SetHealth(i, autoscale.Healthy)
		}
	}
}

// rollsOut requires that the pool gets members with other settings, and keeps its
// size.
func (c *capacity) rollsOut(loop *autoscale.Loop) {
	size := c.Size()
	c.SetSettings("of the last change")
	var last autoscale.Decision
	for range 60 {
		c.settle(nil)
		c.cfg.Clock.(*fake.Clock).Advance(time.Minute)
		last = loop.RunOnce(context.Background())
	}
	require.Equal(c.t, size, c.Size(), "seed %d: %+v", c.seed, last)
	require.Equal(c.t, !c.cfg.RollingChange, last.Outdated > 0, "seed %d: %+v", c.seed, last)
}

// TestNothingHoldsForGood plays random schedules, and then a calm time in which
// the pool has to follow webhooks to its minimum and its maximum, though some
// members never recover, and to get other members.
func TestNothingHoldsForGood(t *testing.T) {
	t.Parallel()
	for seed := range *schedules {
		c := newCapacity(t, seed)
		loop, err := autoscale.New(c.cfg)
		require.NoError(t, err)
		clock := c.cfg.Clock.(*fake.Clock)
		turn := func(direction autoscale.Direction) autoscale.Decision {
			loop.Record(context.Background(), direction)
			clock.Advance(time.Minute)
			return loop.RunOnce(context.Background())
		}
		for range 40 {
			switch c.rng.IntN(6) {
			case 0:
				c.FailNext("resize", errors.New("timeout"))
			case 1:
				c.SetSize(1 + c.rng.IntN(6))
			default:
				if ids := c.IDs(); len(ids) > 0 {
					c.SetHealth(c.rng.IntN(len(ids)), autoscale.Unhealthy)
				}
			}
			turn([]autoscale.Direction{up, down}[c.rng.IntN(2)])
		}
		sick := c.IDs()[:min(2, c.Size()-1)]
		for _, direction := range []autoscale.Direction{down, up} {
			want := map[autoscale.Direction]int{down: c.cfg.Min, up: c.cfg.Max}[direction]
			var last autoscale.Decision
			for range 60 {
				c.settle(sick)
				last = turn(direction)
			}
			require.Equal(t, want, c.Size(), "seed %d: %s: %+v", seed, direction, last)
		}
		c.rollsOut(loop)
	}
}
