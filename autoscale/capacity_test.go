package autoscale_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
)

// schedules is how many random schedules are played; the gate plays 10,000.
var schedules = flag.Uint64("schedules", 1000, "how many random schedules of members are played")

// A capacity is a pool whose members die, lie and recover, and checks what the
// program does to those that serve.
type capacity struct {
	*fake.Pool
	t        *testing.T
	rng      *rand.Rand
	seed     uint64
	cfg      autoscale.Config
	drained  map[string]bool // by address
	problems []string
}

// TestNoCapacityIsLostByAnActionOfOurs plays random schedules of webhooks, of
// members that die, hang, recover and are protected, of pools that get other
// settings, and of programs that start anew, with and without draining and rolling
// changes, and with loads that are measured at times.
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

func newCapacity(t *testing.T, seed uint64) *capacity {
	t.Helper()
	clock := fake.NewClock(noon)
	rng := rand.New(rand.NewPCG(seed, 0))
	c := &capacity{Pool: fake.NewPool("web", 2+rng.IntN(4), clock), t: t, rng: rng, seed: seed, drained: map[string]bool{}}
	c.cfg = autoscale.Config{
		Pool: c, PoolName: "web", Clock: clock, Min: 1 + rng.IntN(2), Max: 6, Step: 1 + rng.IntN(2),
		StartTimeout: time.Duration(1+rng.IntN(5)) * time.Minute, FailedStarts: 2, RepairAfter: time.Duration(1+rng.IntN(4)) * time.Minute, RepairsPerHour: 20,
	}
	if rng.IntN(2) == 0 {
		c.cfg.Drainer = c
	}
	c.cfg.RollingChange = rng.IntN(2) == 0
	if rng.IntN(2) == 0 {
		c.cfg.Meter, c.cfg.EvictionOrder = c, autoscale.LeastBusyFirst
	}
	c.SetSettings("0")
	for i := range c.IDs() {
		c.SetHealth(i, autoscale.Healthy)
	}
	return c
}

func (c *capacity) play() {
	loop, err := autoscale.New(c.cfg)
	require.NoError(c.t, err)
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
		loop.RunOnce(c.t.Context())
		if c.rng.IntN(20) == 0 {
			loop, err = autoscale.New(c.cfg)
			require.NoError(c.t, err)
		}
	}
}

// event is what happens to members and the API between turns.
func (c *capacity) event() {
	ids := c.IDs()
	if len(ids) == 0 {
		return
	}
	member := c.rng.IntN(len(ids))
	switch c.rng.IntN(13) {
	case 0, 1:
		c.SetHealth(member, autoscale.Unhealthy)
	case 2, 3, 4, 5, 6:
		for i, m := range c.members() {
			if !c.drained[m.Address.String()] && c.rng.IntN(2) == 0 {
				c.SetHealth(i, autoscale.Healthy)
			}
		}
	case 7:
		c.Protect(member)
	case 8:
		c.FailNext("resize", errors.New("timeout"))
	case 9:
		c.FailNext("status", errors.New("502"))
	case 10:
		c.LoseNext("resize", errors.New("timeout"))
	case 11:
		c.SetSettings(fmt.Sprint(c.rng.IntN(3)))
	case 12:
		c.HideHealth([]error{nil, nil, errors.New("no answer")}[c.rng.IntN(3)])
	}
}

func (c *capacity) members() []autoscale.Member {
	status, err := c.Status(context.Background())
	for err != nil { // a failure that is due
		status, err = c.Status(context.Background())
	}
	return status.Members
}

// serving counts the members that serve, without these.
func (c *capacity) serving(without ...string) (n int) {
	for _, m := range c.members() {
		if m.Health != autoscale.Unhealthy && !slices.Contains(without, m.ID) {
			n++
		}
	}
	return n
}

// Busy implements [autoscale.Meter]: it fails, and members are silent or change
// their minds.
func (c *capacity) Busy(ctx context.Context) (map[netip.Addr]float64, error) {
	if c.rng.IntN(5) == 0 {
		return nil, errors.New("no answer")
	}
	list, err := c.Instances(ctx, []string{"web"})
	busy := map[netip.Addr]float64{}
	for _, m := range list {
		if c.rng.IntN(4) > 0 {
			busy[m.IPv4] = float64(c.rng.IntN(100))
		}
	}
	return busy, err
}

func (c *capacity) problem(format string, values ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, values...))
}

// Resize implements [autoscale.Pool].
func (c *capacity) Resize(ctx context.Context, size int) error {
	most := c.cfg.Max
	if c.cfg.RollingChange {
		most++
	}
	if exist := len(c.IDs()); size > c.Size() && exist+size-c.Size() > most {
		c.problem("grows from %d to %d with %d members", c.Size(), size, exist)
	}
	return c.Pool.Resize(ctx, size)
}

// Evict implements [autoscale.Pool].
func (c *capacity) Evict(ctx context.Context, ids []string) error {
	before, after := c.serving(), c.serving(ids...)
	if after < before && after < max(c.Size()-len(ids), c.cfg.Min) {
		c.problem("evicts %d of %d members, %d of which serve, and leaves %d", len(ids), c.Size(), before, after)
	}
	for _, m := range c.members() {
		if m.Protected && slices.Contains(ids, m.ID) {
			c.problem("evicts a member that is protected")
		}
		if c.cfg.Drainer != nil && !c.drained[m.Address.String()] && slices.Contains(ids, m.ID) {
			c.problem("evicts a member that has not drained")
		}
	}
	return c.Pool.Evict(ctx, ids)
}

// Drain implements [autoscale.Drainer].
func (c *capacity) Drain(_ context.Context, address string) (int, error) {
	for i, m := range c.members() {
		if m.Address.String() != address || c.drained[address] {
			continue
		}
		was := m.Health
		c.drained[address] = true
		c.SetHealth(i, autoscale.Unhealthy)
		if after := c.serving(); was == autoscale.Healthy && after < max(c.Size()-c.cfg.Step, c.cfg.Min) {
			c.problem("drains one of %d members and leaves %d that serve", c.Size(), after)
		}
	}
	return c.rng.IntN(2), nil
}

// Stop implements [autoscale.Drainer].
func (c *capacity) Stop(context.Context, string) (int, error) { return 0, nil }

// Lease implements [autoscale.Drainer].
func (c *capacity) Lease() time.Duration { return 3 * time.Minute }

// Resume implements [autoscale.Drainer].
func (c *capacity) Resume(_ context.Context, address string) error {
	delete(c.drained, address)
	for i, m := range c.members() {
		if m.Address.String() == address {
			c.SetHealth(i, autoscale.Healthy)
		}
	}
	return nil
}
