package fake

import (
	"slices"
	"time"

	"github.com/exopool/exopool/autoscale"
)

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

// Restore makes a deleted pool anew, with size other members.
func (p *Pool) Restore(size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deleted = false
	p.fit(size)
}

// SetHealth sets what the load balancer's checks say of the n-th oldest member,
// counted from 0. It returns the member's id.
func (p *Pool) SetHealth(n int, health autoscale.Health) (id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id = p.members[n].ID
	p.health[id] = health
	return id
}

// ShowState makes readings show a state of the n-th oldest member, counted from 0,
// whatever its machine does; with the empty state, nothing of it but its id. It
// returns the member's id.
func (p *Pool) ShowState(n int, state autoscale.MemberState) (id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id = p.members[n].ID
	p.shown[id] = state
	return id
}

// Protect keeps the n-th oldest member, counted from 0, from being evicted by a
// program that asks. It returns the member's id.
func (p *Pool) Protect(n int) (id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id = p.members[n].ID
	p.protected[id] = true
	return id
}

// SetSettings sets what the pool makes members with. Those that exist stay as they
// are.
func (p *Pool) SetSettings(settings string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settings = settings
}

// HideHealth makes each later reading say that the health of the members could
// not be read, and why; nil ends that.
func (p *Pool) HideHealth(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.healthErr = err
}

// IDs returns the ids of the members, oldest first.
func (p *Pool) IDs() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]string, 0, len(p.members))
	for _, m := range p.members {
		all = append(all, m.ID)
	}
	return all
}

// Linger adds n members beyond the size, like members that are still being
// removed.
func (p *Pool) Linger(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for range n {
		p.add(string(autoscale.MemberLeaving))
	}
}

// TakeTime makes each later resize take d. The size changes at its start; until
// its end the state is scaling-up or scaling-down.
func (p *Pool) TakeTime(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.took = d
}

// FailNext makes the next call of that name return err and do nothing; "resize"
// means an eviction as well. Several failures of one name come in order.
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

// Resizes returns the sizes requested so far, by resizes and evictions.
func (p *Pool) Resizes() []int {
	var sizes []int
	for _, c := range p.Calls() {
		if c.Name == "resize" || c.Name == "evict" {
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
