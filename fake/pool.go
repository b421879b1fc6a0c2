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
	Name string // "status", "resize", "instances" or "pool"
	Size int    // of a resize
	Err  error  // what it returned
}

// A Pool is a small instance pool that behaves like a real one: it adds members,
// removes the oldest first, takes time and fails if a test wants it to. It is
// safe for use by several goroutines.
type Pool struct {
	id    string
	clock clock.Clock

	mu       sync.Mutex
	deleted  bool
	size     int
	members  []discovery.Instance
	created  int             // members ever created
	state    autoscale.State // set by SetState; empty: follows operations
	busy     autoscale.State // state until ready
	ready    time.Time       // when the operation in progress is done
	took     time.Duration   // of a resize
	failures map[string][]failure
	calls    []Call
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
	p := &Pool{id: id, clock: c, failures: map[string][]failure{}}
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
	return autoscale.Status{Size: p.size, Members: len(p.members), State: p.current()}, nil
}

// Resize implements [autoscale.Pool]. When ctx ends before the operation is
// done, the operation goes on, as it does in a cloud.
func (p *Pool) Resize(ctx context.Context, size int) error {
	done, err := p.startResize(ctx, size)
	if err == nil && done != nil {
		select {
		case <-done:
		case <-ctx.Done():
			err = fmt.Errorf("resize pool %s to %d: %w", p.id, size, ctx.Err())
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.record(Call{Name: "resize", Size: size, Err: err})
	return err
}

func (p *Pool) startResize(ctx context.Context, size int) (<-chan time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.begin(ctx, "resize")
	switch {
	case err != nil:
		return nil, err
	case p.deleted:
		return nil, fmt.Errorf("resize pool %s: %w", p.id, autoscale.ErrPoolNotFound)
	case f.err != nil && !f.after:
		return nil, f.err
	case size < 0 || p.current() != autoscale.StateRunning:
		return nil, fmt.Errorf("resize pool %s to %d while %s: %w", p.id, size, p.current(), autoscale.ErrRefused)
	}
	p.busy = "scaling-up"
	if size < p.size {
		p.busy = "scaling-down"
	}
	p.fit(size)
	if p.took <= 0 {
		return nil, f.err
	}
	p.ready = p.clock.Now().Add(p.took)
	return p.clock.After(p.took), f.err
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

// SetSize changes the size as another program would: at once, and not recorded as
// a call.
func (p *Pool) SetSize(size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fit(size)
}

// SetState makes the pool report state until it is set again; with the empty
// state it follows operations again.
func (p *Pool) SetState(state autoscale.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = state
}

// Delete removes the pool and its members.
func (p *Pool) Delete() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fit(0)
	p.deleted = true
}

// Linger adds n members beyond the size, like members that are still being
// destroyed.
func (p *Pool) Linger(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range n {
		p.add("destroying")
	}
}

// TakeTime makes each later resize take d. The size changes at its start; until
// its end the state is scaling-up or scaling-down.
func (p *Pool) TakeTime(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.took = d
}

// FailNext makes the next call of that name return err and do nothing. Several
// failures of one name come in order.
func (p *Pool) FailNext(call string, err error) { p.fail(call, failure{err: err}) }

// LoseNext makes the next call of that name take effect and return err, like a
// request whose answer is lost.
func (p *Pool) LoseNext(call string, err error) { p.fail(call, failure{err: err, after: true}) }

// Calls returns all calls so far, in the order in which they ended.
func (p *Pool) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// Resizes returns the sizes requested so far.
func (p *Pool) Resizes() []int {
	var sizes []int
	for _, c := range p.Calls() {
		if c.Name == "resize" {
			sizes = append(sizes, c.Size)
		}
	}
	return sizes
}

// Size returns the size without counting as a call.
func (p *Pool) Size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.size
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
