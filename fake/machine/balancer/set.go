package balancer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/internal/tasks"
)

// Config is what a [Set] needs. Only Logger is required.
type Config struct {
	Logger *slog.Logger
	// Speed divides intervals and timeouts of health checks; timeouts down to
	// two seconds only. Default 1.
	Speed float64
	// Listen opens the port of a service. The listener may be somewhere else,
	// see [Set.Endpoint]. Default: listen there.
	Listen func(ctx context.Context, at netip.AddrPort) (net.Listener, error)
	// Dial connects to a target on behalf of a client. It should give up soon:
	// the client is waiting. Default: connect, and leave the client out.
	Dial func(ctx context.Context, client netip.Addr, target netip.AddrPort) (net.Conn, error)
	// Check connects to a target to check its health; network is tcp4.
	// Default: connect.
	Check func(ctx context.Context, network, address string) (net.Conn, error)
	// TargetPort returns the port that serves for one of a machine. Default: the
	// same.
	TargetPort func(port int) int
	// On reports whether a machine is powered on: that explains why a check
	// fails. Default: all are.
	On func(machineID string) bool
}

// withDefaults returns the configuration with its defaults filled in.
func (c Config) withDefaults() Config {
	c.Speed = cmp.Or(c.Speed, 1)
	var dialer net.Dialer
	if c.Listen == nil {
		c.Listen = func(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
			return (&net.ListenConfig{}).Listen(ctx, "tcp4", at.String())
		}
	}
	if c.Dial == nil {
		c.Dial = func(ctx context.Context, _ netip.Addr, target netip.AddrPort) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp4", target.String())
		}
	}
	if c.Check == nil {
		c.Check = dialer.DialContext
	}
	if c.TargetPort == nil {
		c.TargetPort = func(port int) int { return port }
	}
	if c.On == nil {
		c.On = func(string) bool { return true }
	}
	return c
}

// validate returns all that is wrong with a configuration.
func (c Config) validate() error {
	var errs []error
	if c.Logger == nil {
		errs = append(errs, errors.New("no logger given"))
	}
	if !(c.Speed > 0) {
		errs = append(errs, fmt.Errorf("speed %v: must be positive", c.Speed))
	}
	return errors.Join(errs...)
}

// A Set is all load balancers of one driver. It ends with [Set.Close].
type Set struct {
	cfg   Config
	tasks *tasks.Group // servers and health checks

	mu     sync.Mutex
	byID   map[string]map[string]*service // by balancer id, then service id
	closed bool
}

// NewSet returns a set without load balancers.
func NewSet(ctx context.Context, cfg Config) (*Set, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("load balancers: %w", err)
	}
	return &Set{cfg: cfg, tasks: tasks.New(ctx), byID: map[string]map[string]*service{}}, nil
}

// Balance brings a load balancer into the given state. Connections through
// services that stay are not disturbed; targets that are gone get new ones until
// the service notices, see [driverapi.Service.Delay].
// The error names every service that cannot listen; the others serve.
func (b *Set) Balance(wanted driverapi.Balancer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return fmt.Errorf("balance %s: the driver is closed", wanted.ID)
	}
	services := b.byID[wanted.ID]
	if services == nil {
		services = map[string]*service{}
		b.byID[wanted.ID] = services
	}
	specs := map[string]driverapi.Service{}
	for _, spec := range wanted.Services {
		specs[spec.ID] = spec
	}
	// First what goes, so that its port is free for what comes.
	for id, s := range services {
		if spec, ok := specs[id]; !ok || !s.serves(wanted.Address, spec) {
			s.close()
			delete(services, id)
		}
	}
	var errs []error
	for _, spec := range wanted.Services {
		s := services[spec.ID]
		if s == nil {
			var err error
			if s, err = b.open(wanted.Address, spec); err != nil {
				errs = append(errs, fmt.Errorf("balance %s: service %s: %w", wanted.ID, spec.Name, err))
				continue
			}
			services[spec.ID] = s
		}
		s.update(spec)
	}
	return errors.Join(errs...)
}

func (b *Set) open(address netip.Addr, spec driverapi.Service) (*service, error) {
	s := &service{
		cfg: b.cfg, tasks: b.tasks, address: address, port: spec.Port, protocol: spec.Protocol,
		logger:  b.cfg.Logger.With("service", spec.Name),
		targets: map[string]*target{}, choose: newChooser(),
	}
	if spec.Protocol == "udp" {
		s.logger.Warn("UDP is not forwarded, health checks only", "port", spec.Port)
		return s, nil
	}
	at := netip.AddrPortFrom(address, uint16(spec.Port)) //nolint:gosec // G115: ports are below 65536
	listener, err := b.listen(at)
	if err != nil {
		return nil, err
	}
	s.endpoint = at
	if tcp, ok := listener.Addr().(*net.TCPAddr); ok {
		s.endpoint = tcp.AddrPort()
	}
	s.listener = listener
	s.stop = b.tasks.Go(s.serve)
	s.logger.Info("load balancer service listening", "endpoint", s.endpoint)
	return s, nil
}

// listen gives Listen the context that Balance has none of.
func (b *Set) listen(at netip.AddrPort) (listener net.Listener, err error) {
	done := make(chan struct{})
	b.tasks.Go(func(ctx context.Context) {
		defer close(done)
		listener, err = b.cfg.Listen(ctx, at)
	})
	<-done
	return listener, err
}

// Unbalance removes a load balancer and cuts the connections through it.
func (b *Set) Unbalance(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.byID[id] {
		s.close()
	}
	delete(b.byID, id)
}

// Health returns the last result of the service's health check, by machine id;
// machines not checked yet are absent.
func (b *Set) Health(balancerID, serviceID string) map[string]driverapi.Health {
	b.mu.Lock()
	s := b.byID[balancerID][serviceID]
	b.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.health()
}

// HealthProblems returns why the latest check of machines failed, by machine id,
// see [driverapi.HealthExplainer].
func (b *Set) HealthProblems(balancerID, serviceID string) map[string]error {
	b.mu.Lock()
	s := b.byID[balancerID][serviceID]
	b.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.problems()
}

// Endpoint returns where the service on the given port of a load balancer
// really listens; false when no such service forwards.
func (b *Set) Endpoint(balancerID string, port int) (netip.AddrPort, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.byID[balancerID] {
		if s.port == port && s.listener != nil {
			return s.endpoint, true
		}
	}
	return netip.AddrPort{}, false
}

// Close cuts all connections and waits until nothing runs any more.
func (b *Set) Close() {
	b.mu.Lock()
	b.closed = true
	for _, services := range b.byID {
		for _, s := range services {
			s.close()
		}
	}
	clear(b.byID)
	b.mu.Unlock()
	b.tasks.Close()
}
