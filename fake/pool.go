package fake

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/internal/clock"
)

// A Pool implements both interfaces; a change of either fails to compile here.
var (
	_ autoscale.Pool   = (*Pool)(nil)
	_ discovery.Lister = (*Pool)(nil)
)

// A Call is one call that a [Pool] has received.
type Call struct {
	Name string   // "status", "resize", "evict", "instances" or "pool"
	Size int      // of a resize, or after an eviction
	IDs  []string // of an eviction
	Err  error    // what it returned
}

// A Pool is a small instance pool that behaves like a real one: it adds members,
// removes the oldest first, takes time and fails if a test wants it to. It is
// safe for use by several goroutines.
type Pool struct {
	id    string
	clock clock.Clock

	mu        sync.Mutex
	deleted   bool
	size      int
	members   []discovery.Instance
	created   int // members ever created
	health    map[string]autoscale.Health
	protected map[string]bool
	shown     map[string]autoscale.MemberState // of members, instead of the true one
	healthErr error
	settings  string
	state     autoscale.State // set by SetState; empty: follows operations
	busy      autoscale.State // state until ready
	ready     time.Time       // when the operation in progress is done
	took      time.Duration   // of a resize
	failures  map[string][]failure
	calls     []Call
}

type failure struct {
	err   error
	after bool // the call is carried out first
}

// NewPool returns a running pool with size members. Operations take no time,
// see [Pool.TakeTime]. The clock dates members; nil means the host's.
func NewPool(id string, size int, c clock.Clock) *Pool {
	if c == nil {
		c = clock.System{}
	}
	p := &Pool{id: id, clock: c, failures: map[string][]failure{}, health: map[string]autoscale.Health{}, protected: map[string]bool{}, shown: map[string]autoscale.MemberState{}}
	p.fit(size)
	return p
}

// Status implements [autoscale.Pool].
func (p *Pool) Status(ctx context.Context) (autoscale.Status, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.begin(ctx, "status")
	if err == nil && p.deleted {
		err = fmt.Errorf("read pool %s: %w", p.id, autoscale.ErrPoolNotFound)
	}
	if err == nil {
		err = f.err
	}
	p.record(Call{Name: "status", Err: err})
	if err != nil {
		return autoscale.Status{}, err
	}
	status := autoscale.Status{Size: p.size, State: p.current(), HealthErr: p.healthErr, Settings: p.settings}
	for _, m := range p.members {
		member := autoscale.Member{
			ID: m.ID, Name: m.Name, Address: m.IPv4, Created: m.Created, State: autoscale.MemberState(m.State),
			Protected: p.protected[m.ID],
		}
		if p.healthErr == nil {
			member.Health = p.health[m.ID]
		}
		switch state, set := p.shown[m.ID]; {
		case set && state == "":
			member = autoscale.Member{ID: m.ID}
		case set:
			member.State = state
		}
		status.Members = append(status.Members, member)
	}
	return status, nil
}

// Resize implements [autoscale.Pool]. When ctx ends before the operation is
// done, the operation goes on, as it does in a cloud.
func (p *Pool) Resize(ctx context.Context, size int) error {
	return p.change(ctx, Call{Name: "resize", Size: size})
}

// Evict implements [autoscale.Pool], like Resize.
func (p *Pool) Evict(ctx context.Context, ids []string) error {
	return p.change(ctx, Call{Name: "evict", IDs: slices.Clone(ids)})
}

// change carries out a call that changes the size, and waits until it is done.
func (p *Pool) change(ctx context.Context, c Call) error {
	done, err := p.start(ctx, &c)
	if err == nil && done != nil {
		select {
		case <-done:
		case <-ctx.Done():
			err = fmt.Errorf("%s pool %s to %d: %w", c.Name, p.id, c.Size, ctx.Err())
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c.Err = err
	p.record(c)
	return err
}

func (p *Pool) start(ctx context.Context, c *Call) (<-chan time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.begin(ctx, "resize")
	if c.Name == "evict" {
		c.Size = p.size - len(c.IDs)
	}
	switch {
	case err != nil:
		return nil, err
	case p.deleted:
		return nil, fmt.Errorf("%s pool %s: %w", c.Name, p.id, autoscale.ErrPoolNotFound)
	case f.err != nil && !f.after:
		return nil, f.err
	case c.Size < 0 || p.current() != autoscale.StateRunning || !p.has(c.IDs):
		return nil, fmt.Errorf("%s pool %s to %d while %s: %w", c.Name, p.id, c.Size, p.current(), autoscale.ErrRefused)
	}
	p.busy = "scaling-up"
	if c.Size < p.size {
		p.busy = "scaling-down"
	}
	p.members = slices.DeleteFunc(p.members, func(m discovery.Instance) bool { return slices.Contains(c.IDs, m.ID) })
	p.fit(c.Size)
	if p.took <= 0 {
		return nil, f.err
	}
	p.ready = p.clock.Now().Add(p.took)
	return p.clock.After(p.took), f.err
}

// has reports whether all of these are members that stay.
func (p *Pool) has(ids []string) bool {
	for _, id := range ids {
		if !slices.ContainsFunc(p.members, func(m discovery.Instance) bool { return m.ID == id && m.State == "running" }) {
			return false
		}
	}
	return true
}

// Instances implements [discovery.Lister].
func (p *Pool) Instances(ctx context.Context, poolIDs []string) ([]discovery.Instance, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.begin(ctx, "instances")
	if err == nil {
		err = f.err
	}
	p.record(Call{Name: "instances", Err: err})
	if err != nil || p.deleted || !slices.Contains(poolIDs, p.id) {
		return nil, err
	}
	return slices.Clone(p.members), nil
}

// Pool implements [discovery.Lister].
func (p *Pool) Pool(ctx context.Context, poolID string) (discovery.Pool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.begin(ctx, "pool")
	if err == nil && (p.deleted || poolID != p.id) {
		err = fmt.Errorf("read pool %s: %w", poolID, discovery.ErrPoolNotFound)
	}
	if err == nil {
		err = f.err
	}
	p.record(Call{Name: "pool", Err: err})
	if err != nil {
		return discovery.Pool{}, err
	}
	return discovery.Pool{ID: p.id, Name: p.id, State: string(p.current()), Size: p.size}, nil
}

func (p *Pool) fail(call string, f failure) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failures[call] = append(p.failures[call], f)
}

// begin does what all calls have in common: it checks the context, and returns
// the failure that is due.
func (p *Pool) begin(ctx context.Context, call string) (failure, error) {
	if err := ctx.Err(); err != nil {
		return failure{}, fmt.Errorf("%s of pool %s: %w", call, p.id, err)
	}
	due := p.failures[call]
	if len(due) == 0 {
		return failure{}, nil
	}
	p.failures[call] = due[1:]
	return due[0], nil
}

func (p *Pool) record(c Call) { p.calls = append(p.calls, c) }

func (p *Pool) current() autoscale.State {
	switch {
	case p.state != "":
		return p.state
	case p.clock.Now().Before(p.ready):
		return p.busy
	default:
		return autoscale.StateRunning
	}
}

// fit adds members or removes the oldest until there are size of them. It also
// removes those that linger.
func (p *Pool) fit(size int) {
	p.size = max(size, 0)
	p.members = slices.DeleteFunc(p.members, func(i discovery.Instance) bool { return i.State != "running" })
	if extra := len(p.members) - p.size; extra > 0 {
		p.members = slices.Delete(p.members, 0, extra)
	}
	for len(p.members) < p.size {
		p.add("running")
	}
}

// add creates a member with the next address of 198.18.0.0/15, the range set
// aside for tests of networks (RFC 2544).
func (p *Pool) add(state string) {
	p.created++
	n := p.created % (1 << 17)
	p.members = append(p.members, discovery.Instance{
		ID:      fmt.Sprintf("00000000-0000-4000-8000-%012d", p.created),
		Name:    fmt.Sprintf("pool-%s-%d", p.id, p.created),
		PoolID:  p.id,
		State:   state,
		IPv4:    netip.AddrFrom4([4]byte{198, byte(18 + n>>16), byte(n >> 8), byte(n)}), //nolint:gosec // n has 17 bits
		Created: p.clock.Now(),
	})
}
