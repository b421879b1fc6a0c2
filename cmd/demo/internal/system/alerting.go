package system

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/internal/rehearsal/notifier"
	"github.com/exopool/exopool/internal/rehearsal/promserver"
)

// alerting evaluates the alerts and sends the webhooks.
type alerting interface {
	// name is what users call it.
	name() string
	// states returns the states of the two alerts after the last evaluation.
	states() view.Alerts
	// run works until ctx ends, which is no error.
	run(ctx context.Context) error
}

func (s *System) newAlerting(ctx context.Context) (err error) {
	installed, err := s.monitoringFiles()
	if err != nil {
		return err
	}
	cfg := promserver.Config{
		Dir:         filepath.Join(s.dir, "tsdb"),
		Files:       installed,
		TargetsFile: s.targetsFile(),
		Speed:       s.times.Speed,
		Logger:      s.cfg.Logger,
		Addresses: map[string]string{
			"autoscaler": s.webhooks.Addr().String(),
			"discovery":  s.discovery.Addr().String(),
		},
	}
	if s.cfg.Grafana == nil {
		err = s.newRules(cfg)
	} else {
		err = s.newGrafana(ctx, cfg)
	}
	if err != nil {
		return err
	}
	s.limits.low, s.limits.high, err = s.monitor.Limits(ctx)
	return err
}

// rules are Grafana's two alert rules, evaluated by the monitor.
type rules struct {
	monitor  *promserver.Server
	notifier *notifier.Notifier
}

func (s *System) newRules(cfg promserver.Config) (err error) {
	r := &rules{}
	r.notifier, err = notifier.New(notifier.Config{
		URL:            s.webhooks.url(),
		GroupInterval:  s.times.Evaluation,
		RepeatInterval: s.times.Repeat,
		Logger:         s.cfg.Logger,
		OnDelivery:     func(direction string, _ int, err error) { s.observer.addWebhook(direction, err) },
	})
	if err != nil {
		return err
	}
	cfg.Notify = r.notifier.Update
	r.monitor, err = promserver.Open(cfg)
	s.monitor, s.alerting = r.monitor, r
	return err
}

func (*rules) name() string { return "rules" }

func (r *rules) states() view.Alerts {
	return view.Alerts{
		High: view.AlertState(r.monitor.AlertState(highAlert)),
		Low:  view.AlertState(r.monitor.AlertState(lowAlert)),
	}
}

func (r *rules) run(ctx context.Context) error { return r.notifier.Run(ctx) }

// The names of the two alerts.
const (
	highAlert = "CPU high"
	lowAlert  = "CPU low"
)

// introduceAlerting says what evaluates the alerts.
func (s *System) introduceAlerting() {
	text := "alerts are evaluated by the built-in rules, which are Grafana's"
	if s.cfg.Grafana != nil {
		text = fmt.Sprintf("alerts are evaluated by %s, which runs in real time: "+
			"turns and alerts take their real time, only the cloud is %gx faster", s.alerting.name(), s.cfg.Speed)
	}
	s.observer.emit(view.Event{Kind: view.KindNote, Text: text})
}
