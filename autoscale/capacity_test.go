package autoscale_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/fake"
)

// A capacity is a pool whose members die, hang, lie and recover, in an account with
// a quota. It checks what the program does to those that serve, by what the program
// knew: what it has read last.
type capacity struct {
	*fake.Pool
	t        *testing.T
	rng      *rand.Rand
	seed     uint64
	cfg      autoscale.Config
	known    map[string]bool // by id: they are no new members
	hung     map[string]bool // by id: they will never be healthy
	absent   map[string]bool // by id: the size counts them, and the quota keeps them from existing
	drains   map[string]able // by address
	back     map[string]bool // by address: taken back since the program has read the pool
	lacks    string          // the id that the next reading lacks
	lackedAt time.Time       // the last one did
	quota    int             // of members that exist
	refuses  bool            // the provider refuses sizes beyond the quota
	read     autoscale.Status
	problems []string
}

func newCapacity(t *testing.T, seed uint64) *capacity {
	t.Helper()
	clock := fake.NewClock(noon)
	rng := rand.New(rand.NewPCG(seed, 0))
	c := &capacity{
		Pool: fake.NewPool("web", 2+rng.IntN(4), clock), t: t, rng: rng, seed: seed, quota: 100,
		known: map[string]bool{}, hung: map[string]bool{}, absent: map[string]bool{}, drains: map[string]able{}, back: map[string]bool{},
	}
	c.cfg = autoscale.Config{
		Pool: c, PoolName: "web", Clock: clock, Min: 1 + rng.IntN(2), Max: 6, Step: 1 + rng.IntN(2),
		StartTimeout: time.Duration(1+rng.IntN(5)) * time.Minute, FailedStarts: 2, RepairAfter: time.Duration(1+rng.IntN(4)) * time.Minute, RepairsPerHour: 20,
	}
	if rng.IntN(2) == 0 {
		c.cfg.Drainer = c
	}
	c.cfg.RollingChange = rng.IntN(2) == 0
	if rng.IntN(4) == 0 { // writing takes time
		c.cfg.StateDir = stateDir(t)
	}
	if rng.IntN(2) == 0 {
		c.cfg.Meter, c.cfg.EvictionOrder = c, autoscale.LeastBusyFirst
	}
	c.SetSettings("0")
	for i, m := range c.members() {
		c.known[m.ID] = true
		c.SetHealth(i, autoscale.Healthy)
	}
	return c
}

// members returns the members as they are, whatever a reading shows.
func (c *capacity) members() []discovery.Instance {
	all, err := c.Instances(context.Background(), []string{"web"})
	require.NoError(c.t, err)
	return all
}

// boot lets new members boot: some are healthy at once, some hang for ever, and some
// do not exist as long as the quota is reached.
func (c *capacity) boot() {
	all := c.members()
	exist := len(all) - len(c.absent)
	for i, m := range all {
		if c.known[m.ID] {
			continue
		}
		c.known[m.ID] = true
		if exist > c.quota && m.State == "running" {
			c.absent[m.ID] = true
			exist--
		}
		if c.rng.IntN(6) > 0 {
			c.SetHealth(i, autoscale.Unhealthy)
			c.hung[m.ID] = c.rng.IntN(5) == 0
		} else {
			c.SetHealth(i, autoscale.Healthy)
		}
	}
}

// raise raises the quota: members that could not exist boot.
func (c *capacity) raise() {
	c.quota = 100
	for id := range c.absent {
		delete(c.known, id)
	}
	clear(c.absent)
	c.boot()
}

// lie changes the health of a member after the program has read it.
func (c *capacity) lie() {
	all := c.members()
	if c.rng.IntN(3) > 0 || len(all) == 0 {
		return
	}
	i := c.rng.IntN(len(all))
	if c.rng.IntN(2) == 0 || c.hung[all[i].ID] {
		c.SetHealth(i, autoscale.Unhealthy)
	} else if _, drains := c.drains[all[i].IPv4.String()]; !drains {
		c.SetHealth(i, autoscale.Healthy)
	}
}

// serves reports whether a member serves, as far as the program knows.
func (c *capacity) serves(m autoscale.Member) bool {
	_, drains := c.drains[m.Address.String()]
	return m.State == autoscale.MemberRunning && (m.Health != autoscale.Unhealthy || c.back[m.Address.String()]) && !drains
}

// serving counts the members that serve, without these.
func (c *capacity) serving(without ...string) (n int) {
	for _, m := range c.read.Members {
		if c.serves(m) && !slices.Contains(without, m.ID) {
			n++
		}
	}
	return n
}

func (c *capacity) problem(format string, values ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, values...))
}

// Busy implements [autoscale.Meter]: it fails, and members are silent or change
// their minds.
func (c *capacity) Busy(context.Context) (map[netip.Addr]float64, error) {
	if c.rng.IntN(5) == 0 {
		return nil, errors.New("no answer")
	}
	busy := map[netip.Addr]float64{}
	for _, m := range c.members() {
		if c.rng.IntN(4) > 0 {
			busy[m.IPv4] = float64(c.rng.IntN(100))
		}
	}
	return busy, nil
}

// most returns how many members may exist because of an action of the program.
func (c *capacity) most() int {
	if c.cfg.RollingChange {
		return c.cfg.Max + 1
	}
	return c.cfg.Max
}

// Status implements [autoscale.Pool].
func (c *capacity) Status(ctx context.Context) (autoscale.Status, error) {
	status, err := c.Pool.Status(ctx)
	if err == nil {
		status.Members = slices.DeleteFunc(status.Members, func(m autoscale.Member) bool { return c.absent[m.ID] || m.ID == c.lacks })
		c.lacks = ""
		c.read = status
		clear(c.back)
		c.read.Members = slices.Clone(status.Members)
	}
	return status, err
}

// Resize implements [autoscale.Pool].
func (c *capacity) Resize(ctx context.Context, size int) error {
	exist, more := len(c.IDs()), size-c.Size()
	switch {
	case more > 0 && exist+more > c.most():
		c.problem("grows from %d to %d with %d members", c.Size(), size, exist)
	case more > 0 && exist+more > c.quota && c.refuses:
		return fmt.Errorf("quota of %d: %w", c.quota, autoscale.ErrRefused)
	case more < 0:
		return c.giveUp(ctx, -more)
	}
	defer c.boot()
	return c.Pool.Resize(ctx, size)
}

// giveUp removes members that do not exist.
func (c *capacity) giveUp(ctx context.Context, n int) error {
	var ids []string
	for _, id := range c.IDs() {
		if c.absent[id] && len(ids) < n {
			ids = append(ids, id)
		}
	}
	if len(ids) < n {
		c.problem("lets the provider choose who goes: %d of %d members, %d of which do not exist", n, c.Size(), len(c.absent))
	}
	err := c.Pool.Evict(ctx, ids)
	c.forget()
	return err
}

// forget forgets that members did not exist that are gone.
func (c *capacity) forget() {
	ids := c.IDs()
	for id := range c.absent {
		if !slices.Contains(ids, id) {
			delete(c.absent, id)
		}
	}
}

// Evict implements [autoscale.Pool].
func (c *capacity) Evict(ctx context.Context, ids []string) error {
	c.lie()
	if c.read.HealthErr != nil {
		c.problem("evicts members whose health it does not know")
	}
	able, rest := 0, c.serving(ids...)
	for _, m := range c.read.Members {
		if !slices.Contains(ids, m.ID) {
			continue
		}
		drain, drains := c.drains[m.Address.String()]
		if c.serves(m) || drains && drain.served && m.State == autoscale.MemberRunning {
			able++
		}
		if m.Protected {
			c.problem("evicts a member that is protected")
		}
		if c.cfg.Drainer != nil && !drains && m.State != autoscale.MemberFailed && m.Address.IsValid() {
			c.problem("evicts a member that has not drained")
		}
	}
	if able > 0 && rest < max(c.read.Size-len(ids), c.cfg.Min) {
		c.problem("evicts %d of %d members, %d of which could serve, and leaves %d that do", len(ids), c.read.Size, able, rest)
	}
	return c.Pool.Evict(ctx, ids)
}
