package nspawn

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/cgroup"
	"github.com/exopool/exopool/fake/machine/nspawn/container"
)

// A link is what a machine needs of the network.
type link interface {
	Attach(ctx context.Context, id string, addr netip.Addr) (namespace string, err error)
	Reset(ctx context.Context, id string) error
	Detach(id string) error
	Gateway() netip.Addr
}

// power is what a machine is wanted to be.
type power int

const (
	off power = iota
	on
	gone
)

// A machine is one instance, from its first start until it is destroyed. Its
// goroutine does what takes time; all others only say what is wanted.
//
//	off ──▶ on ──▶ off      a boot ends: reboot, shutdown, crash
//	      any ──▶ gone
type machine struct {
	cfg       *Config
	logger    *slog.Logger
	id        string
	address   netip.Addr
	link      link
	groups    *cgroup.Hierarchy
	templates *builder

	// Only the machine's own goroutine uses these.
	disk      *container.Disk
	group     *cgroup.Group
	namespace string

	changed chan struct{} // something below has; holds one
	ended   chan struct{} // closed when nothing is left of the machine
	settled chan struct{} // closed by settleLocked

	mu           sync.Mutex
	spec         driverapi.Machine
	want         power
	stops        int // how often it was told to stop
	process      *container.Process
	console      string // file name
	condition    driverapi.Condition
	outcomeKnown bool // it is known what became of the user-data
	outcomeAt    time.Time
	complaints   []string // of commands of the user-data
}

// start makes the machine wanted on.
func (m *machine) start(spec driverapi.Machine) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.want == on {
		return
	}
	m.spec, m.want = spec, on
	m.condition.Off = false
	if !m.outcomeKnown {
		m.condition.Err = nil
	}
	m.notify()
}

func (m *machine) stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.want == on {
		m.want = off
		m.stops++
		m.notify()
	}
}

func (m *machine) destroy() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.want = gone
	m.notify()
}

// settleLocked says that the condition is that of a machine whose first boot is
// over: its user-data is done, well or not, or will not be.
func (m *machine) settleLocked() {
	select {
	case <-m.settled:
	default:
		close(m.settled)
	}
}

func (m *machine) notify() {
	select {
	case m.changed <- struct{}{}:
	default: // It will notice anyway.
	}
}

// kill ends the machine without shutting it down.
func (m *machine) kill() error {
	m.mu.Lock()
	process := m.process
	m.mu.Unlock()
	if process == nil {
		return errors.New("the machine is off")
	}
	return process.Kill()
}

// running reports whether the machine has a process.
func (m *machine) running() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.want == on && m.process != nil
}

// current is the instance as it was when the machine was last started.
func (m *machine) current() driverapi.Machine {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.spec
}

func (m *machine) status() driverapi.Condition {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.condition
}

// run is the machine's goroutine. Predecessors are machines that had its
// address or its id, and are on their way out.
func (m *machine) run(ctx context.Context, predecessors []*machine) {
	defer close(m.ended)
	for _, p := range predecessors {
		<-p.ended
	}
	defer m.removeAll(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.changed:
		}
		for m.wanted() == on && ctx.Err() == nil {
			m.runWhileOn(ctx)
		}
		if m.wanted() == gone {
			return
		}
	}
}

func (m *machine) wanted() power {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.want
}

// runWhileOn is one time the machine is on, however often it reboots meanwhile.
func (m *machine) runWhileOn(ctx context.Context) {
	m.mu.Lock()
	spec, stops := m.spec, m.stops
	m.mu.Unlock()
	wantedOn := func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.want == on && m.stops == stops
	}
	err := m.prepare(ctx, spec)
	for again := err == nil; again && wantedOn() && ctx.Err() == nil; {
		again, err = m.boot(ctx, spec, wantedOn)
	}
	if ctx.Err() != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.want != on || m.stops != stops {
		if err != nil && !errors.Is(err, errNotWanted) {
			m.logger.Warn("machine did not end in order", "err", err)
		}
		return
	}
	// It ended by itself.
	m.want = off
	m.condition.Off = true
	defer m.settleLocked()
	if err == nil {
		m.logger.Info("machine shut itself down")
		return
	}
	m.logger.Error("machine is off", "err", err, "console", m.console)
	if !m.outcomeKnown {
		m.condition.Err = err
	}
}
