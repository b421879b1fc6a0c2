package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/exopool/exopool/fake/machine/balancer"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/internal/tasks"
)

// Config is what a [Driver] driver needs. Only Logger is required.
type Config struct {
	// Logger gets the driver's own messages and, line by line, what members
	// write to their standard error.
	Logger *slog.Logger
	// Network is the part of 127.0.0.0/8 from which addresses come: its lower
	// half for instances, its upper half for load balancers. Default: the
	// first of 127.77.0.0/16, 127.78.0.0/16 ... that no other driver has.
	Network netip.Prefix
	// Share is the part of a CPU that a member has, above 0, at most 1.
	// Default 0.5.
	Share float64
	// Work is the CPU time that one /load request needs. Default 50 ms.
	Work time.Duration
	// Wait is how long a /load request takes besides, without CPU time, as if
	// it waited for a database: those of many clients do so at the same time.
	// Default: not at all.
	Wait time.Duration
	// Grace is how long a member that is stopped may finish requests in
	// flight. One that is destroyed has none. Default 20 s.
	Grace time.Duration
	// Speed divides intervals and timeouts of health checks, which the API
	// gives in whole seconds; timeouts down to two seconds only, as the
	// host answers no faster. Boot times are used as given. Default 1.
	Speed float64
	// Dir is where the driver makes its temporary directory. Default: the
	// system's place for that.
	Dir string
}

// withDefaults returns the configuration with its defaults filled in.
func (c Config) withDefaults() Config {
	c.Share = cmp.Or(c.Share, 0.5)
	c.Work = cmp.Or(c.Work, 50*time.Millisecond)
	c.Grace = cmp.Or(c.Grace, 20*time.Second)
	c.Speed = cmp.Or(c.Speed, 1)
	return c
}

// validate returns all that is wrong with a configuration.
func (c Config) validate() error {
	var errs []error
	if c.Logger == nil {
		errs = append(errs, errors.New("no logger given"))
	}
	if !(c.Share > 0 && c.Share <= 1) {
		errs = append(errs, fmt.Errorf("share %v: must be above 0 and at most 1", c.Share))
	}
	if c.Work < 0 {
		errs = append(errs, fmt.Errorf("work %v: must be positive", c.Work))
	}
	if c.Wait < 0 {
		errs = append(errs, fmt.Errorf("wait %v: must not be negative", c.Wait))
	}
	if c.Grace < 0 {
		errs = append(errs, fmt.Errorf("grace %v: must be positive", c.Grace))
	}
	if !(c.Speed > 0) {
		errs = append(errs, fmt.Errorf("speed %v: must be positive", c.Speed))
	}
	return errors.Join(errs...)
}

// A Driver runs each machine as a process of its own: the running
// program started once more, see package member. It ends with [Driver.Close];
// should the program die without that, its members end by themselves.
type Driver struct {
	*balancer.Set // load balancers

	cfg     Config
	network *network
	ports   *ports // of members
	dir     string
	tasks   *tasks.Group  // one for each run
	kill    chan struct{} // closed when there is no time for grace

	mu     sync.Mutex
	runs   map[string]*run // by id of the machine that is powered on
	alive  []*run          // all that have not ended, oldest first
	closed bool
}

var (
	_ driverapi.Driver = (*Driver)(nil)
	_ driverapi.Killer = (*Driver)(nil)
)

// New returns a driver that has a network, ports and a directory of its
// own, and no member yet. Fails on systems other than Linux, which alone has
// all of 127.0.0.0/8 on its loopback interface.
func New(ctx context.Context, cfg Config) (*Driver, error) {
	if len(os.Args) > 1 && os.Args[1] == MemberArgument {
		return nil, errors.New("process driver: this program is a member itself; its main must call member.Run first")
	}
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("process driver: %w", err)
	}
	network, err := claimNetwork(cfg.Network)
	if err != nil {
		return nil, fmt.Errorf("process driver: %w", err)
	}
	d := &Driver{
		cfg: cfg, network: network,
		ports: newPorts(lastHost(network.instances), cfg.Logger),
		tasks: tasks.New(ctx), kill: make(chan struct{}),
		runs: map[string]*run{},
	}
	if err := d.prepare(); err != nil {
		return nil, fmt.Errorf("process driver: %w", errors.Join(err, network.claim.Close()))
	}
	fronts := newPorts(lastHost(network.balancers), cfg.Logger)
	d.Set, err = balancer.NewSet(ctx, balancer.Config{
		Logger: cfg.Logger, Speed: cfg.Speed, Listen: fronts.listen, TargetPort: d.ports.known, On: d.on,
	})
	if err != nil {
		return nil, fmt.Errorf("process driver: %w", errors.Join(err, network.claim.Close(), os.RemoveAll(d.dir)))
	}
	cfg.Logger.Info("process driver ready", "instances", network.instances, "balancers", network.balancers,
		"load_port", d.PortFor(LoadPort), "exporter_port", d.PortFor(ExporterPort), "drain_port", d.PortFor(DrainPort))
	return d, nil
}

// prepare decides on the ports of members and makes the directory.
func (d *Driver) prepare() (err error) {
	for _, port := range []int{LoadPort, ExporterPort, DrainPort} {
		if _, err := d.ports.decide(port); err != nil {
			return err
		}
	}
	d.dir, err = os.MkdirTemp(d.cfg.Dir, "exopool-members-")
	return err
}

// Networks returns the two halves of the driver's loopback network.
func (d *Driver) Networks() (instances, balancers netip.Prefix) {
	return d.network.instances, d.network.balancers
}

// PortFor returns the port that serves for the given one on every member. It
// is the same, unless another program of this host holds 8080, 9100 or 9101 on
// all addresses: then a stand-in serves, decided once and logged.
func (d *Driver) PortFor(port int) int { return d.ports.known(port) }

// Start powers a machine on: its process begins when the boot time is over and
// the process before it on the same address is gone. A machine that is on
// stays as it is; one whose process died is started again.
func (d *Driver) Start(m driverapi.Machine) error {
	if !d.network.instances.Contains(m.Address) {
		return fmt.Errorf("start machine %s: address %v is not in %v", m.Name, m.Address, d.network.instances)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return fmt.Errorf("start machine %s: the driver is closed", m.Name)
	}
	if r := d.runs[m.ID]; r != nil && !r.over() {
		return nil
	}
	var before *run // on the same address
	for _, other := range d.alive {
		if other.machine.Address == m.Address {
			before = other
		}
	}
	r := newRun(m, d.cfg.Logger)
	d.runs[m.ID] = r
	d.alive = append(d.alive, r)
	r.off = d.tasks.Go(func(ctx context.Context) {
		defer d.forget(r)
		defer close(r.ended)
		if before != nil {
			<-before.ended
		}
		r.live(ctx, d.settings(r), d.kill)
	})
	return nil
}

// settings of the member that one run starts.
func (d *Driver) settings(r *run) MemberSettings {
	return MemberSettings{
		Address:  r.machine.Address,
		LoadPort: d.PortFor(LoadPort), ExporterPort: d.PortFor(ExporterPort), DrainPort: d.PortFor(DrainPort),
		Dir:   r.dir(d.dir),
		Share: d.cfg.Share, Work: d.cfg.Work, Wait: d.cfg.Wait, Grace: d.cfg.Grace,
	}
}

// Stop powers a machine off: requests in flight may finish within the grace,
// then the process is killed. Load balancers learn it from their checks.
func (d *Driver) Stop(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.runs[id]; r != nil {
		delete(d.runs, id)
		r.off()
	}
}

// Destroy kills a machine's process at once, whatever it is doing.
func (d *Driver) Destroy(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.runs, id)
	for _, r := range d.alive {
		if r.machine.ID == id {
			r.destroy()
			r.off()
		}
	}
}

// Kill ends a machine's process at once, as [Driver.Destroy] does: it has no disk
// that could stay. The error says that there is none.
func (d *Driver) Kill(id string) error {
	if _, ok := d.PID(id); !ok {
		return fmt.Errorf("kill machine %s: it has no process", id)
	}
	d.Destroy(id)
	return nil
}

// PID returns the process id of a machine, or false when it has no process:
// off, booting, or died.
func (d *Driver) PID(id string) (int, bool) {
	d.mu.Lock()
	r := d.runs[id]
	d.mu.Unlock()
	if r == nil || r.over() {
		return 0, false
	}
	pid := int(r.pid.Load())
	return pid, pid != 0
}

// on reports whether a machine has a process, or had one that died. One that
// boots has not, although the process of its last run may still be finishing
// requests on the same address.
func (d *Driver) on(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.runs[id]
	return r != nil && r.pid.Load() != 0
}

func (d *Driver) forget(r *run) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.alive = slices.DeleteFunc(d.alive, func(other *run) bool { return other == r })
}

// Close stops all machines as [Driver.Stop] does, then the balancers, and
// returns when no process, goroutine or directory is left. When ctx ends,
// members are killed at once. A second call does nothing.
func (d *Driver) Close(ctx context.Context) error {
	d.mu.Lock()
	closed := d.closed
	d.closed = true
	d.mu.Unlock()
	if closed {
		return nil
	}
	stop := context.AfterFunc(ctx, func() { close(d.kill) })
	d.tasks.Close()
	stop()
	d.Set.Close()
	if err := errors.Join(d.network.claim.Close(), os.RemoveAll(d.dir)); err != nil {
		return fmt.Errorf("close process driver: %w", err)
	}
	return nil
}
