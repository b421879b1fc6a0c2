package system

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/felixge/httpsnoop"
	"golang.org/x/sync/errgroup"

	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
	"github.com/exopool/exopool/internal/rehearsal/promserver"
)

const (
	// grafanaStartTimeout is how long Grafana may take until it evaluates the
	// alerts, also on a busy host.
	grafanaStartTimeout = 3 * time.Minute
	// grafanaPollInterval is how often the states of the alerts are queried.
	grafanaPollInterval = time.Second
)

// A realGrafana evaluates the alerts as in production.
type realGrafana struct {
	server  *grafanaserver.Server
	version string
	alerts  atomic.Pointer[view.Alerts]
	emit    func(severity view.Severity, text string)
}

func (s *System) newGrafana(ctx context.Context, cfg promserver.Config) (err error) {
	if s.prometheus, err = listen(ctx, "127.0.0.1:0"); err != nil {
		return err
	}
	cfg.Addresses["prometheus"] = s.prometheus.Addr().String()
	if s.monitor, err = promserver.Open(cfg); err != nil {
		return err
	}
	s.prometheus.handler = s.monitor.Handler()
	dir := filepath.Join(s.dir, "grafana")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("make a directory for grafana: %w", err)
	}
	server, err := grafanaserver.New(grafanaserver.Config{
		Installation:  *s.cfg.Grafana,
		Files:         cfg.Files,
		Dir:           dir,
		PrometheusURL: s.prometheus.url(),
		AutoscalerURL: s.webhooks.url(),
		WebhookToken:  s.token,
		Logger:        s.cfg.Logger,
	})
	if err != nil {
		return err
	}
	g := &realGrafana{
		server: server, version: s.cfg.Grafana.Version,
		emit: func(severity view.Severity, text string) {
			s.observer.emit(view.Event{Kind: view.KindNote, Severity: severity, Text: text})
		},
	}
	g.alerts.Store(&view.Alerts{High: view.AlertUnknown, Low: view.AlertUnknown})
	s.alerting = g
	return nil
}

func (g *realGrafana) name() string { return "grafana " + g.version }

func (g *realGrafana) states() view.Alerts { return *g.alerts.Load() }

func (g *realGrafana) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.server.Run(ctx) })
	group.Go(func() error { return g.watch(ctx) })
	return group.Wait()
}

// watch waits until Grafana is ready and then follows its alerts.
func (g *realGrafana) watch(ctx context.Context) error {
	g.emit(view.Info, g.name()+" starts, which takes up to half a minute")
	starting, cancel := context.WithTimeout(ctx, grafanaStartTimeout)
	defer cancel()
	if err := g.server.AwaitReady(starting); err != nil {
		if ctx.Err() != nil {
			return nil // everything stops
		}
		return err
	}
	g.emit(view.Good, fmt.Sprintf("%s evaluates the alerts: %s, user %s, password in %s",
		g.name(), g.server.URL(), grafanaserver.User, g.server.PasswordFile()))
	tick := time.NewTicker(grafanaPollInterval)
	defer tick.Stop()
	reported := false
	for {
		rules, err := g.server.Rules(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			g.alerts.Store(alertsOf(rules))
			reported = false
		case !reported:
			g.emit(view.Warning, err.Error())
			reported = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func alertsOf(rules []grafanaserver.Rule) *view.Alerts {
	alerts := &view.Alerts{High: view.AlertUnknown, Low: view.AlertUnknown}
	for _, rule := range rules {
		switch rule.Name {
		case highAlert:
			alerts.High = view.AlertState(rule.State)
		case lowAlert:
			alerts.Low = view.AlertState(rule.State)
		}
	}
	return alerts
}

// countWebhooks hands webhooks on to the autoscaler, and lets the observer count
// them with the autoscaler's answer: Grafana does not report it.
func (s *System) countWebhooks(autoscaler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		direction := strings.TrimPrefix(r.URL.Path, "/")
		if r.Method != http.MethodPost || (direction != "up" && direction != "down") {
			autoscaler.ServeHTTP(w, r)
			return
		}
		status := httpsnoop.CaptureMetrics(autoscaler, w, r).Code
		var err error
		if status != http.StatusOK {
			err = errors.New("the autoscaler answers " + http.StatusText(status))
		}
		s.observer.addWebhook(direction, err)
	})
}

// newToken returns a secret that Grafana does not take for a number.
func newToken() string { return "t" + rand.Text() }
