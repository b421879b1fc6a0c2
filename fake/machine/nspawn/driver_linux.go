package nspawn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"

	"github.com/exopool/exopool/fake/machine/balancer"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/cgroup"
	"github.com/exopool/exopool/fake/machine/nspawn/network"
)

// A Driver runs machines until [Driver.Close].
type Driver struct {
	*balancer.Set // load balancers

	cfg     Config
	network *network.Network
	groups  *cgroup.Hierarchy
	images  *builder

	begin  func(*machine, []*machine) // starts a machine's goroutine
	cancel context.CancelFunc
	alive  sync.WaitGroup

	mu       sync.Mutex
	machines map[string]*machine // by id
	leaving  []*machine          // on their way out
	closed   bool
}

var (
	_ driverapi.Driver   = (*Driver)(nil)
	_ driverapi.Observer = (*Driver)(nil)
	_ driverapi.Firewall = (*Driver)(nil)
	_ driverapi.Killer   = (*Driver)(nil)

	_ driverapi.HelperStarter = (*Driver)(nil)
)

// New makes a driver without machines: it sweeps up what an earlier run left,
// and makes the network. What machines start from is built when the first one
// asks for it, which takes a minute or two. The error says what is missing on the
// host; ask [Examine] for all of it.
func New(ctx context.Context, cfg Config) (*Driver, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("nspawn driver: %w", err)
	}
	d := &Driver{cfg: cfg, machines: map[string]*machine{}}
	var running context.Context
	running, d.cancel = context.WithCancel(context.WithoutCancel(ctx))
	d.begin = func(m *machine, predecessors []*machine) {
		d.alive.Go(func() { m.run(running, predecessors) })
	}
	d.images = newBuilder(&d.cfg, func(work func(context.Context)) {
		d.alive.Go(func() { work(running) })
	})
	err := d.prepare(ctx)
	if err == nil {
		err = d.serve(running)
	}
	if err != nil {
		return nil, fmt.Errorf("nspawn driver: %w", errors.Join(err, d.Close(ctx)))
	}
	return d, nil
}

func (d *Driver) prepare(ctx context.Context) (err error) {
	if err := unmet(basics(ctx, d.cfg)); err != nil {
		return err
	}
	// Before anything is swept up, as it makes sure that no other program uses the prefix.
	d.network, err = network.New(ctx, network.Config{
		Logger: d.cfg.Logger, Prefix: d.cfg.Prefix, Range: d.cfg.Range, RangeFlag: d.cfg.RangeFlag,
	})
	if err != nil {
		return err
	}
	if d.groups, err = cgroup.Open(cgroup.Root, d.cfg.Prefix); err != nil {
		return err
	}
	if err := d.sweep(ctx); err != nil {
		return err
	}
	// Disks have files with the rights of a system, and secrets: for root only.
	if err := os.MkdirAll(d.cfg.disks(), 0o700); err != nil {
		return err
	}
	d.Set, err = balancer.NewSet(ctx, balancer.Config{
		Logger: d.cfg.Logger, Speed: d.cfg.Speed, On: d.on,
		Listen: func(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
			return d.network.Listen(ctx, "tcp4", at.String())
		},
		Dial: func(ctx context.Context, client netip.Addr, target netip.AddrPort) (net.Conn, error) {
			return d.network.DialFrom(ctx, client, "tcp4", target.String())
		},
		Check: d.network.DialCheck,
	})
	return err
}

// on reports whether a machine has power.
func (d *Driver) on(id string) bool {
	m := d.machine(id)
	return m != nil && m.running()
}

// Networks returns the ranges of the driver's network.
func (d *Driver) Networks() (instances, balancers netip.Prefix) {
	return d.network.Instances(), d.network.Balancers()
}

// Start powers a machine on, as soon as one that had its address before is
// gone. A machine that is on stays as it is. Its boot takes the time it takes,
// whatever the BootTime.
func (d *Driver) Start(spec driverapi.Machine) error {
	if _, err := d.images.resolve(spec.Template); err != nil {
		return fmt.Errorf("start machine %s: %w", spec.Name, err)
	}
	if !spec.Address.IsValid() {
		return fmt.Errorf("start machine %s: machines without a public IPv4 address cannot be booted", spec.Name)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return fmt.Errorf("start machine %s: the driver is closed", spec.Name)
	}
	m := d.machines[spec.ID]
	if m == nil {
		m = &machine{
			cfg: &d.cfg, link: d.network, groups: d.groups, templates: d.images,
			logger: d.cfg.Logger.With("machine", spec.Name, "address", spec.Address),
			id:     spec.ID, address: spec.Address, spec: spec,
			changed: make(chan struct{}, 1), ended: make(chan struct{}), settled: make(chan struct{}),
		}
		d.machines[spec.ID] = m
		d.begin(m, d.predecessors(m))
	}
	m.start(spec)
	return nil
}

// predecessors are machines that must be gone before the new one can be.
func (d *Driver) predecessors(m *machine) []*machine {
	d.leaving = slices.DeleteFunc(d.leaving, func(other *machine) bool {
		select {
		case <-other.ended:
			return true
		default:
			return false
		}
	})
	var found []*machine
	for _, other := range d.leaving {
		if other.id == m.id || other.address == m.address {
			found = append(found, other)
		}
	}
	return found
}

// Stop shuts a machine down. One that takes longer than the grace is killed.
func (d *Driver) Stop(id string) {
	if m := d.machine(id); m != nil {
		m.stop()
	}
}

// Destroy kills a machine and removes its disk.
func (d *Driver) Destroy(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if m := d.machines[id]; m != nil {
		delete(d.machines, id)
		d.leaving = append(d.leaving, m)
		m.destroy()
	}
}

// Kill ends a machine as the loss of its power would. It stays off until it is
// started again.
func (d *Driver) Kill(id string) error {
	m := d.machine(id)
	if m == nil {
		return fmt.Errorf("kill machine %s: there is none", id)
	}
	if err := m.kill(); err != nil {
		return fmt.Errorf("kill machine %s: %w", id, err)
	}
	return nil
}

// Condition returns the condition of a machine. User-data that failed remains an
// error until the instance is reset or destroyed: cloud-init executes it at
// the first boot of a disk only.
func (d *Driver) Condition(id string) driverapi.Condition {
	if m := d.machine(id); m != nil {
		return m.status()
	}
	return driverapi.Condition{}
}

// Console returns the name of the file that gets what a machine writes to its
// console; false if there is none. The file goes with the machine.
func (d *Driver) Console(id string) (string, bool) {
	m := d.machine(id)
	if m == nil {
		return "", false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.console, m.console != ""
}

func (d *Driver) machine(id string) *machine {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.machines[id]
}

// Close destroys all machines, removes everything and returns when nothing is
// left. A second call does nothing.
func (d *Driver) Close(ctx context.Context) error {
	d.mu.Lock()
	closed := d.closed
	d.closed = true
	d.mu.Unlock()
	if closed {
		return nil
	}
	d.cancel()
	d.alive.Wait()
	d.images.release()
	if d.Set != nil {
		d.Set.Close()
	}
	var errs []error
	if d.network != nil {
		errs = append(errs, d.network.Close())
	}
	if d.groups != nil {
		errs = append(errs, d.sweep(context.WithoutCancel(ctx)))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close nspawn driver: %w", err)
	}
	return nil
}

// StandIns returns the templates that stood in for others so far, by the name of
// the template that instances asked for. See [Config.StandIns].
func (d *Driver) StandIns() map[string]string { return d.images.standIns() }

// Gateway is the address at which machines reach the emulated API.
func (d *Driver) Gateway() netip.Addr { return d.network.Gateway() }

// Host is the address from which programs of this host reach machines, for
// security groups to admit.
func (d *Driver) Host() netip.Addr { return d.network.Host() }

// Listen listens where machines are, say at the gateway; network is tcp4.
func (d *Driver) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	return d.network.Listen(ctx, network, address)
}

// HealthcheckSources names the addresses from which load balancers check health.
func (d *Driver) HealthcheckSources() []netip.Prefix { return d.network.HealthcheckSources() }

// Protect sets what may reach which machines and what they may reach, in place
// of what was set before. Until it is called, all are open.
func (d *Driver) Protect(all []driverapi.Protection) error { return d.network.Protect(all) }
