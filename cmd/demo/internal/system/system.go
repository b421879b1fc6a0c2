package system

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/process"
	"github.com/exopool/exopool/internal/rehearsal/promserver"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
)

// The names of what the demo creates in its cloud.
const (
	zone     = "at-vie-1"
	poolName = "web"
)

// servicePort is where the load balancer should listen. An ordinary user may
// not be allowed to, and then the driver finds another port.
const servicePort = 80

// A System is everything that the demo shows, in one process. Get one from
// [Start], run it with [System.Run], and always [System.Close] it.
type System struct {
	cfg   Config
	times Times
	hub   *view.Hub

	dir          string
	cloud        *fakecloud.Cloud
	pool         string // id
	balancer     string // id
	balancerPort int    // where the load balancer really listens
	app          string // URL of the application, through the load balancer

	webhooks   listener // of the autoscaler
	discovery  listener
	prometheus listener // listens only for a Grafana that queries it
	page       listener

	token    string // of the webhooks; empty when none is asked for
	loop     *autoscale.Loop
	agent    *discovery.Agent
	monitor  *promserver.Server
	limits   struct{ low, high float64 } // of the average CPU, in percent
	alerting alerting
	traffic  *traffic.Generator

	observer *observer
	person   person
}

// Start starts the cloud and prepares everything else, in the order in which
// one part needs the other. The error says which part failed; nothing is left
// behind then.
func Start(ctx context.Context, cfg Config, hub *view.Hub) (system *System, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configure the demo: %w", err)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &System{cfg: cfg, times: cfg.times(), hub: hub}
	s.person.drive = make(chan struct{})
	s.observer = newObserver(s, time.Now())
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "exopool-demo-"); err != nil {
		return nil, fmt.Errorf("make a directory for the demo: %w", err)
	}
	for _, part := range []struct {
		name  string
		start func(context.Context) error
	}{
		{"the fake cloud", s.startCloud},
		{"the pool and its load balancer", s.createPool},
		{"the autoscaler", s.newAutoscaler},
		{"discovery", s.newDiscovery},
		{"alerting", s.newAlerting},
		{"the clients", s.newTraffic},
		{"the web page", s.newPage},
	} {
		s.observer.emit(view.Event{Kind: view.KindNote, Text: "starting " + part.name})
		if err := part.start(ctx); err != nil {
			return nil, fmt.Errorf("start %s: %w", part.name, err)
		}
	}
	s.introduce()
	return s, nil
}

// introduce says where to look, and which times are in force.
func (s *System) introduce() {
	t := s.times
	for _, text := range []string{
		"web page: " + s.page.url() + "/",
		"application behind the load balancer: " + s.app + "/load" + s.replacedPorts(),
		fmt.Sprintf("times at %gx: a turn %s, average over %s, pending %s, webhook repeated after %s, boot %s + %s",
			t.Speed, t.Turn, t.Window, t.For, t.Repeat, t.Start, t.Boot),
	} {
		s.observer.emit(view.Event{Kind: view.KindNote, Text: text})
	}
	s.introduceAlerting()
	if s.cfg.Policy != nil {
		s.observer.emit(view.Event{Kind: view.KindNote, Text: "the policy " + s.cfg.Policy.Name() + " decides by the CPU use of the members; alerts for more still count"})
	}
	if s.cfg.BootAge > 0 {
		s.observer.emit(view.Event{Kind: view.KindNote, Text: fmt.Sprintf(
			"members count once they are %s old and were healthy", s.times.MinAge)})
	}
}

// replacedPorts names the ports that are not those of a real installation,
// because an ordinary user may not have them or another program does.
func (s *System) replacedPorts() string {
	var replaced []string
	for port, actual := range map[int]int{
		process.LoadPort:     s.cloud.PortFor(process.LoadPort),
		process.ExporterPort: s.cloud.PortFor(process.ExporterPort),
		servicePort:          s.balancerPort,
	} {
		if port != actual {
			replaced = append(replaced, fmt.Sprintf("%d for %d", actual, port))
		}
	}
	if len(replaced) == 0 {
		return ""
	}
	slices.Sort(replaced)
	return " (ports that are taken or not allowed are replaced: " + strings.Join(replaced, ", ") + ")"
}

// Run runs the system until ctx ends, and then returns nil, or until a part
// fails. It closes the hub, and gives its readers a moment to take the rest.
func (s *System) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.cloud.Wait(ctx) })
	group.Go(func() error { return s.loop.Run(ctx) })
	group.Go(func() error { return s.agent.Run(ctx) })
	group.Go(func() error { return s.monitor.Run(ctx) })
	group.Go(func() error { return s.alerting.run(ctx) })
	group.Go(func() error { return s.traffic.Run(ctx) })
	group.Go(func() error { return s.observer.run(ctx) })
	for _, l := range s.listeners() {
		serve(ctx, group, l, s.hub)
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("run the demo: %w", err)
	}
	return nil
}

// listeners returns all that have their address.
func (s *System) listeners() []listener {
	all := []listener{s.webhooks, s.discovery, s.prometheus, s.page}
	return slices.DeleteFunc(all, func(l listener) bool { return l.Listener == nil })
}

// SetClients sets how many clients send requests in parallel, from none to the
// configured number. Once the user drives the load, it does nothing.
func (s *System) SetClients(n int) {
	s.person.mu.Lock()
	defer s.person.mu.Unlock()
	if s.interactive() {
		return
	}
	before := s.traffic.Clients()
	if after := s.traffic.SetClients(n); after != before {
		s.observer.mu.Lock()
		defer s.observer.mu.Unlock()
		s.observer.load.clients = after
		s.observer.announceLoad()
	}
}

// Close stops what runs and removes everything that the system made: processes,
// listeners and files. It may be called whether or not Run was.
func (s *System) Close() error {
	var errs []error
	if s.monitor != nil {
		errs = append(errs, s.monitor.Close())
	}
	if s.cloud != nil {
		errs = append(errs, s.cloud.Close())
	}
	for _, l := range s.listeners() {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// Snapshot returns the newest reading of everything.
func (s *System) Snapshot() view.Snapshot { return s.observer.snapshot() }

// SetPhase sets which part of the demo the views show.
func (s *System) SetPhase(phase view.Phase) { s.observer.setPhase(phase) }

// Say adds an event, which has happened now.
func (s *System) Say(e view.Event) { s.observer.emit(e) }

// Window sums up the requests that were sent within a span of time.
func (s *System) Window(from, to time.Time) traffic.Window { return s.traffic.Window(from, to) }

// Decisions returns the last 1,000 decisions of the autoscaler, oldest first.
func (s *System) Decisions() []autoscale.Decision { return s.loop.Decisions() }

// Times returns the times that are in force.
func (s *System) Times() Times { return s.times }

// URL returns the address of the web page.
func (s *System) URL() string { return s.page.url() + "/" }
