package autoscale_test

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
)

// schedules is how many random schedules are played; the gate plays 10,000.
var schedules = flag.Uint64("schedules", 1000, "how many random schedules of members are played")

// TestNoCapacityIsLostByAnActionOfOurs plays random schedules of webhooks, of
// members that die, hang, recover, are protected and change after they were read, of
// quotas, of pools that get other settings and another size, of readings that lack
// members or settings, and of programs that start anew, with and without what they
// have written, draining, rolling changes and loads that are measured at times.
func TestNoCapacityIsLostByAnActionOfOurs(t *testing.T) {
	t.Parallel()
	evicted := 0
	for seed := range *schedules {
		c := newCapacity(t, seed)
		c.play()
		require.Empty(t, c.problems, "seed %d", seed)
		for _, call := range c.Calls() {
			evicted += len(call.IDs)
		}
	}
	t.Logf("%d schedules, %d members evicted", *schedules, evicted)
	require.Greater(t, evicted, int(*schedules))
}

func (c *capacity) play() {
	loop := c.start()
	clock := c.cfg.Clock.(*fake.Clock)
	for range 60 {
		for range c.rng.IntN(3) {
			c.event()
		}
		switch c.rng.IntN(4) {
		case 0:
			loop.Record(c.t.Context(), up)
		case 1, 2:
			loop.Record(c.t.Context(), down)
		}
		clock.Advance(time.Minute)
		c.endLeases()
		loop.RunOnce(c.t.Context())
		if c.rng.IntN(20) == 0 {
			loop = c.start()
			c.restarted()
		}
	}
}

// start starts the program, which may have lost what it has written.
func (c *capacity) start() *autoscale.Loop {
	if c.cfg.StateDir != "" && c.rng.IntN(4) == 0 {
		c.cfg.StateDir = stateDir(c.t)
	}
	loop, err := autoscale.New(c.cfg)
	require.NoError(c.t, err)
	return loop
}

// event is what happens to members, the account and the API between turns.
func (c *capacity) event() {
	all := c.members()
	member := c.rng.IntN(max(len(all), 1))
	if len(all) == 0 || all[member].State != string(autoscale.MemberRunning) {
		return
	}
	switch c.rng.IntN(23) {
	case 0, 1:
		c.SetHealth(member, autoscale.Unhealthy)
	case 2, 3, 4, 5, 6, 7, 8:
		c.recover(nil)
	case 9:
		c.Protect(member)
	case 10:
		c.FailNext("resize", errors.New("timeout"))
	case 11:
		c.FailNext("status", errors.New("502"))
	case 12:
		c.LoseNext("resize", errors.New("timeout"))
	case 13:
		c.SetSettings(fmt.Sprint(c.rng.IntN(3)))
	case 14:
		c.HideHealth([]error{nil, nil, errors.New("no answer")}[c.rng.IntN(3)])
	case 15:
		c.hang(member, []autoscale.MemberState{autoscale.MemberStopping, autoscale.MemberFailed}[c.rng.IntN(2)])
	case 16, 17:
		if id := all[member].ID; !c.hung[id] {
			c.ShowState(member, []autoscale.MemberState{"", autoscale.MemberRunning}[c.rng.IntN(2)])
		}
	case 18:
		c.Linger(1)
		c.boot()
	case 19:
		c.raise()
		if c.rng.IntN(3) > 0 {
			c.quota, c.refuses = 1+c.rng.IntN(6), c.rng.IntN(2) == 0
		}
	case 20:
		c.SetSettings("")
	case 21:
		if now := c.cfg.Clock.Now(); now.Sub(c.lackedAt) > c.cfg.StartTimeout+2*time.Minute { // not for long
			c.lacks, c.lackedAt = all[member].ID, now
		}
	case 22:
		if c.rng.IntN(3) == 0 {
			c.SetSize(1 + c.rng.IntN(c.cfg.Max))
			c.boot()
		}
	}
}

// hang leaves the n-th member in a state for good.
func (c *capacity) hang(n int, state autoscale.MemberState) {
	id := c.ShowState(n, state)
	c.SetHealth(n, autoscale.Unhealthy)
	c.hung[id] = true
}

// recover lets members recover that nobody drains, but for these, and for some of
// the others.
func (c *capacity) recover(except []string) {
	for i, m := range c.members() {
		_, drains := c.drains[m.IPv4.String()]
		if !drains && !c.hung[m.ID] && !slices.Contains(except, m.ID) && c.rng.IntN(2) == 0 {
			c.SetHealth(i, autoscale.Healthy)
		}
	}
}
