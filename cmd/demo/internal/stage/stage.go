package stage

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
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine"
	"github.com/exopool/exopool/internal/rehearsal/promserver"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
)

// The names of what the demo creates in its cloud.
const (
	zone     = "at-vie-1"
	poolName = "web"
)

// closeTimeout is how long members may take to finish their last requests.
const closeTimeout = 5 * time.Second

// A Stage is the running system. Make one with [New], play it with
// [Stage.Run], and always [Stage.Close] it.
type Stage struct {
	cfg   Config
	times Times
	hub   *view.Hub

	dir    string
	driver *machine.Process
	cloud  *exoapi.Cloud
	api    listener
	hooks  listener
	found  listener // of discovery
	page   listener
	ids    ids
	app    string // where clients reach the application: through the load balancer
	token  string // of the webhooks; empty when none is asked for

	prometheus   listener // serves only who has a Grafana to ask it
	balancerPort int      // where that really listens
	loop         *autoscale.Loop
	agent        *discovery.Agent
	monitor      *promserver.Server
	limits       struct{ low, high float64 } // of the average CPU, in percent
	alerting     alerting
	player       *traffic.Generator

	observer *observer
}

// New brings everything up, in the order in which one part needs the other:
// cloud, pool and load balancer, autoscaler, discovery, monitor, clients. The
// error says which part could not be brought up; nothing is left behind then.
func New(ctx context.Context, cfg Config, hub *view.Hub) (stage *Stage, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configure the demo: %w", err)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Stage{cfg: cfg, times: cfg.times(), hub: hub}
	s.observer = newObserver(s, time.Now())
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(context.WithoutCancel(ctx)))
		}
	}()
	if s.dir, err = os.MkdirTemp("", "exopool-demo-"); err != nil {
		return nil, fmt.Errorf("make a directory for the demo: %w", err)
	}
	for _, part := range []struct {
		name string
		up   func(context.Context) error
	}{
		{"fake cloud", s.newCloud},
		{"pool and load balancer", s.furnish},
		{"autoscaler", s.newAutoscaler},
		{"discovery", s.newDiscovery},
		{"alerting", s.newAlerting},
		{"clients", s.newPlayer},
		{"web page", s.newPage},
	} {
		s.observer.emit(view.Event{Kind: view.KindNote, Text: "bringing up the " + part.name})
		if err := part.up(ctx); err != nil {
			return nil, fmt.Errorf("bring up the %s: %w", part.name, err)
		}
	}
	s.introduce()
	return s, nil
}

// introduce tells what a person needs to know: where to look, and which spans
// of time are in force.
func (s *Stage) introduce() {
	t := s.times
	for _, text := range []string{
		"web page: " + s.page.url() + "/",
		"application behind the load balancer: " + s.app + "/load" + s.standIns(),
		fmt.Sprintf("times at %gx: a turn %s, average over %s, pending %s, webhook again after %s, boot %s + %s",
			t.Speed, t.Turn, t.Window, t.For, t.Repeat, t.Start, t.Boot),
	} {
		s.observer.emit(view.Event{Kind: view.KindNote, Text: text})
	}
	s.introduceAlerting()
	if s.cfg.BootAge > 0 {
		s.observer.emit(view.Event{Kind: view.KindNote, Text: fmt.Sprintf(
			"members count once they are %s old and were healthy", s.times.Young)})
	}
}

// standIns tells which ports are not those of a real installation, because an
// ordinary user may not have them or somebody else does.
func (s *Stage) standIns() string {
	var replaced []string
	for port, actual := range map[int]int{
		machine.LoadPort:     s.driver.PortFor(machine.LoadPort),
		machine.ExporterPort: s.driver.PortFor(machine.ExporterPort),
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

// Run plays the system until ctx ends, and then returns nil, or until a part
// fails.
func (s *Stage) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { s.cloud.Run(ctx); return nil })
	group.Go(func() error { return s.loop.Run(ctx) })
	group.Go(func() error { return s.agent.Run(ctx) })
	group.Go(func() error { return s.monitor.Run(ctx) })
	group.Go(func() error { return s.alerting.run(ctx) })
	group.Go(func() error { return s.player.Run(ctx) })
	group.Go(func() error { return s.observer.run(ctx) })
	for _, l := range s.listeners() {
		serve(ctx, group, l)
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("run the demo: %w", err)
	}
	return nil
}

// listeners returns all that have their address.
func (s *Stage) listeners() []listener {
	all := []listener{s.api, s.hooks, s.found, s.prometheus, s.page}
	return slices.DeleteFunc(all, func(l listener) bool { return l.Listener == nil })
}

// SetClients makes n clients ask in parallel, from none to the configured
// number.
func (s *Stage) SetClients(n int) {
	before := s.player.Clients()
	if after := s.player.SetClients(n); after != before {
		s.observer.clients(after)
	}
}

// Close stops what runs and removes all that the stage made: processes,
// listeners and files. It may be called whether or not Run was. When ctx ends,
// members are killed at once.
func (s *Stage) Close(ctx context.Context) error {
	var faults []error
	if s.monitor != nil {
		faults = append(faults, s.monitor.Close())
	}
	if s.cloud != nil {
		s.cloud.Close()
	}
	if s.driver != nil {
		ctx, cancel := context.WithTimeout(ctx, closeTimeout)
		defer cancel()
		faults = append(faults, s.driver.Close(ctx))
	}
	for _, l := range s.listeners() {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			faults = append(faults, err)
		}
	}
	if s.dir != "" {
		faults = append(faults, os.RemoveAll(s.dir))
	}
	return errors.Join(faults...)
}

// Snapshot returns the newest reading of everything.
func (s *Stage) Snapshot() view.Snapshot { return s.observer.snapshot() }

// Enter notes which part of the story begins.
func (s *Stage) Enter(phase view.Phase) { s.observer.enter(phase) }

// Window sums up the requests that were sent within a span of time.
func (s *Stage) Window(from, to time.Time) traffic.Window { return s.player.Window(from, to) }

// Times returns the spans that are in force.
func (s *Stage) Times() Times { return s.times }

// URL returns the address of the web page.
func (s *Stage) URL() string { return s.page.url() + "/" }
