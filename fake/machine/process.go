package machine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/exopool/exopool/fake/infra"
	"github.com/exopool/exopool/fake/machine/balancer"
)

// ProcessConfig is what a [Process] driver needs. Only Log is required.
type ProcessConfig struct {
	// Log gets the driver's own messages and, line by line, what members
	// write to their standard error.
	Log *slog.Logger
	// Network is the part of 127.0.0.0/8 from which addresses come: its lower
	// half for instances, its upper half for load balancers. Default: the
	// first of 127.77.0.0/16, 127.78.0.0/16 ... that no other driver has.
	Network netip.Prefix
	// Share is the part of a CPU that a member has, above 0, at most 1.
	// Default 0.5.
	Share float64
	// Work is the CPU time that one /load request needs. Default 50 ms.
	Work time.Duration
	// Grace is how long a member that is stopped may finish requests in
	// flight. Default 2 s.
	Grace time.Duration
	// Speed divides intervals and timeouts of health checks, which the API
	// gives in whole seconds; timeouts down to half a second only, as the
	// computer answers no faster. Boot times are used as given. Default 1.
	Speed float64
	// Dir is where the driver makes its temporary directory. Default: the
	// system's place for that.
	Dir string
}

func (c *ProcessConfig) complete() error {
	if c.Log == nil {
		return errors.New("no logger given")
	}
	if c.Share == 0 {
		c.Share = 0.5
	}
	if c.Work == 0 {
		c.Work = 50 * time.Millisecond
	}
	if c.Grace == 0 {
		c.Grace = 2 * time.Second
	}
	if c.Speed == 0 {
		c.Speed = 1
	}
	if !(c.Share > 0 && c.Share <= 1) || c.Work < 0 || c.Grace < 0 || !(c.Speed > 0) {
		return fmt.Errorf("share %v must be in (0, 1], work %v, grace %v and speed %v positive", c.Share, c.Work, c.Grace, c.Speed)
	}
	return nil
}

// A Process driver runs each machine as a process of its own: the running
// program started once more, see package member. It ends with [Process.Close];
// should the program die without that, its members end by themselves.
type Process struct {
	cfg       ProcessConfig
	balancers *balancer.Set
	network   *network
	ports     *ports // of members
	dir       string
	crew      *crew         // one goroutine per run
	kill      chan struct{} // closed when there is no time for grace

	mu     sync.Mutex
	runs   map[string]*run     // by id of the machine that is powered on
	last   map[netip.Addr]*run // the latest on an address, until it has ended
	closed bool
}

var _ infra.Driver = (*Process)(nil)

// NewProcess returns a driver that has a network, ports and a directory of its
// own, and no member yet. Fails on systems other than Linux, which alone has
// all of 127.0.0.0/8 on its loopback interface.
func NewProcess(ctx context.Context, cfg ProcessConfig) (*Process, error) {
	if len(os.Args) > 1 && os.Args[1] == MemberArgument {
		return nil, errors.New("process driver: this program is a member itself; its main must call member.Run first")
	}
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("process driver: %w", err)
	}
	network, err := claimNetwork(cfg.Network)
	if err != nil {
		return nil, fmt.Errorf("process driver: %w", err)
	}
	p := &Process{
		cfg: cfg, network: network,
		ports: newPorts(lastHost(network.instances), cfg.Log),
		crew:  newCrew(ctx), kill: make(chan struct{}),
		runs: map[string]*run{}, last: map[netip.Addr]*run{},
	}
	if err := p.prepare(); err != nil {
		return nil, fmt.Errorf("process driver: %w", errors.Join(err, network.claim.Close()))
	}
	fronts := newPorts(lastHost(network.balancers), cfg.Log)
	p.balancers, err = balancer.NewSet(ctx, balancer.Config{
		Log: cfg.Log, Speed: cfg.Speed, Listen: fronts.listen, TargetPort: p.ports.known, On: p.on,
	})
	if err != nil {
		return nil, fmt.Errorf("process driver: %w", errors.Join(err, network.claim.Close(), os.RemoveAll(p.dir)))
	}
	cfg.Log.Info("process driver ready", "instances", network.instances, "balancers", network.balancers,
		"load_port", p.PortFor(LoadPort), "exporter_port", p.PortFor(ExporterPort))
	return p, nil
}

// prepare decides on the ports of members and makes the directory.
func (p *Process) prepare() (err error) {
	for _, port := range []int{LoadPort, ExporterPort} {
		if _, err := p.ports.decide(port); err != nil {
			return err
		}
	}
	p.dir, err = os.MkdirTemp(p.cfg.Dir, "exopool-members-")
	return err
}

// Networks returns the two halves of the driver's loopback network.
func (p *Process) Networks() (instances, balancers netip.Prefix) {
	return p.network.instances, p.network.balancers
}

// PortFor returns the port that serves for the given one on every member. It
// is the same, unless another program of this computer holds 8080 or 9100 on
// all addresses: then a stand-in serves, decided once and logged.
func (p *Process) PortFor(port int) int { return p.ports.known(port) }

// Start powers a machine on: its process begins when the boot time is over and
// the process before it on the same address is gone. A machine that is on
// stays as it is; one whose process died is started again.
func (p *Process) Start(m infra.Machine) error {
	if !p.network.instances.Contains(m.Address) {
		return fmt.Errorf("start machine %s: address %v is not in %v", m.Name, m.Address, p.network.instances)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("start machine %s: the driver is closed", m.Name)
	}
	if r := p.runs[m.ID]; r != nil && !r.over() {
		return nil
	}
	before := p.last[m.Address]
	r := newRun(m, p.cfg.Log)
	p.runs[m.ID], p.last[m.Address] = r, r
	r.off = p.crew.start(func(ctx context.Context) {
		defer p.forget(r)
		defer close(r.ended)
		if before != nil {
			<-before.ended
		}
		r.live(ctx, p.settings(r), p.kill)
	})
	return nil
}

// settings of the member that one run starts.
func (p *Process) settings(r *run) MemberSettings {
	return MemberSettings{
		Address:  r.machine.Address,
		LoadPort: p.PortFor(LoadPort), ExporterPort: p.PortFor(ExporterPort),
		Dir:   r.dir(p.dir),
		Share: p.cfg.Share, Work: p.cfg.Work, Grace: p.cfg.Grace,
	}
}

// Stop powers a machine off: balancers choose it no more, requests in flight
// may finish within the grace, then the process is killed.
func (p *Process) Stop(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.runs[id]; r != nil {
		delete(p.runs, id)
		r.off()
	}
}

// Destroy is [Process.Stop]: a process leaves nothing behind.
func (p *Process) Destroy(id string) { p.Stop(id) }

// PID returns the process id of a machine, or false when it has no process:
// off, booting, or died.
func (p *Process) PID(id string) (int, bool) {
	p.mu.Lock()
	r := p.runs[id]
	p.mu.Unlock()
	if r == nil || r.over() {
		return 0, false
	}
	pid := int(r.pid.Load())
	return pid, pid != 0
}

// on reports whether a machine has a process, or had one that died. One that
// boots has not, although the process of its last run may still be finishing
// requests on the same address.
func (p *Process) on(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.runs[id]
	return r != nil && r.pid.Load() != 0
}

func (p *Process) forget(r *run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last[r.machine.Address] == r {
		delete(p.last, r.machine.Address)
	}
}

// Balance brings a load balancer into the given state. Connections through
// services that stay are not disturbed: a target that is gone gets no new ones.
// The error names every service that cannot listen; the others serve.
func (p *Process) Balance(b infra.Balancer) error { return p.balancers.Balance(b) }

// Unbalance removes a load balancer and cuts the connections through it.
func (p *Process) Unbalance(id string) { p.balancers.Unbalance(id) }

// Health tells what the service's health check last said, by machine id;
// machines not checked yet are absent.
func (p *Process) Health(balancerID, serviceID string) map[string]infra.Health {
	return p.balancers.Health(balancerID, serviceID)
}

// Endpoint returns where the service on the given port of a load balancer
// really listens: on its address, and on that port unless a stand-in serves,
// as for a low port without the right to it. It is false when no such service
// forwards.
func (p *Process) Endpoint(balancerID string, port int) (netip.AddrPort, bool) {
	return p.balancers.Endpoint(balancerID, port)
}

// Close stops all machines as [Process.Stop] does, then the balancers, and
// returns when no process, goroutine or directory is left. When ctx ends,
// members are killed at once. A second call does nothing.
func (p *Process) Close(ctx context.Context) error {
	p.mu.Lock()
	closed := p.closed
	p.closed = true
	p.mu.Unlock()
	if closed {
		return nil
	}
	p.crew.dismiss()
	stop := context.AfterFunc(ctx, func() { close(p.kill) })
	p.crew.wg.Wait()
	stop()
	p.balancers.Close()
	if err := errors.Join(p.network.claim.Close(), os.RemoveAll(p.dir)); err != nil {
		return fmt.Errorf("close process driver: %w", err)
	}
	return nil
}
