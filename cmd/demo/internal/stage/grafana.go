package stage

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

	"golang.org/x/sync/errgroup"

	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/internal/rehearsal/grafana"
	"github.com/exopool/exopool/internal/rehearsal/promserver"
)

const (
	// grafanaStart is how long Grafana may take until it evaluates the alerts,
	// on a computer that does other things, too.
	grafanaStart = 3 * time.Minute
	// grafanaLook is how often it is asked how the alerts stand.
	grafanaLook = time.Second
)

// A realGrafana evaluates the alerts as in production.
type realGrafana struct {
	server  *grafana.Server
	version string
	now     atomic.Pointer[view.Alerts]
	tell    func(severity view.Severity, text string)
}

func (s *Stage) newGrafana(ctx context.Context, cfg promserver.Config) (err error) {
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
	server, err := grafana.New(grafana.Config{
		Installation:  *s.cfg.Grafana,
		Files:         cfg.Files,
		Dir:           dir,
		PrometheusURL: s.prometheus.url(),
		AutoscalerURL: s.hooks.url(),
		WebhookToken:  s.token,
		Logger:        s.cfg.Log,
	})
	if err != nil {
		return err
	}
	g := &realGrafana{
		server: server, version: s.cfg.Grafana.Version,
		tell: func(severity view.Severity, text string) {
			s.observer.emit(view.Event{Kind: view.KindNote, Severity: severity, Text: text})
		},
	}
	g.now.Store(&view.Alerts{High: view.AlertUnknown, Low: view.AlertUnknown})
	s.alerting = g
	return nil
}

func (g *realGrafana) name() string { return "grafana " + g.version }

func (g *realGrafana) states() view.Alerts { return *g.now.Load() }

func (g *realGrafana) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return g.server.Run(ctx) })
	group.Go(func() error { return g.watch(ctx) })
	return group.Wait()
}

// watch waits until Grafana is ready and then follows its alerts.
func (g *realGrafana) watch(ctx context.Context) error {
	g.tell(view.Info, g.name()+" starts, which takes up to half a minute")
	starting, cancel := context.WithTimeout(ctx, grafanaStart)
	defer cancel()
	if err := g.server.AwaitReady(starting); err != nil {
		if ctx.Err() != nil {
			return nil // everything stops
		}
		return err
	}
	g.tell(view.Good, fmt.Sprintf("%s evaluates the alerts: %s, user %s, password in %s",
		g.name(), g.server.URL(), grafana.User, g.server.PasswordFile()))
	tick := time.NewTicker(grafanaLook)
	defer tick.Stop()
	told := false
	for {
		rules, err := g.server.Rules(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			g.now.Store(alertsOf(rules))
			told = false
		case !told:
			g.tell(view.Warning, err.Error())
			told = true
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func alertsOf(rules []grafana.Rule) *view.Alerts {
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

// overheard passes webhooks on to the autoscaler, and tells the observer how
// they ended: Grafana itself tells nobody.
func (s *Stage) overheard(autoscaler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		direction := strings.TrimPrefix(r.URL.Path, "/")
		if r.Method != http.MethodPost || (direction != "up" && direction != "down") {
			autoscaler.ServeHTTP(w, r)
			return
		}
		noted := &statusNote{ResponseWriter: w, status: http.StatusOK}
		autoscaler.ServeHTTP(noted, r)
		var err error
		if noted.status != http.StatusOK {
			err = errors.New("the autoscaler answers " + http.StatusText(noted.status))
		}
		s.observer.webhook(direction, err)
	})
}

// A statusNote remembers the status of an answer.
type statusNote struct {
	http.ResponseWriter

	status int
}

// WriteHeader implements [http.ResponseWriter].
func (n *statusNote) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

// newToken returns a secret that Grafana does not take for a number.
func newToken() string { return "t" + rand.Text() }
