package notifier

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/common/model"
)

// A route sends alerts to one path of the receiver. It matches both labels: an
// alert about missing data has the labels of its rule but not its name.
type route struct {
	direction string // last part of the path, and value of the label "autoscale"
	alertname string
}

func routes() []route {
	return []route{
		{direction: "up", alertname: "CPU high"},
		{direction: "down", alertname: "CPU low"},
	}
}

func (r route) matches(a Alert) bool {
	return a.Labels["autoscale"] == r.direction && a.Labels[model.AlertNameLabel] == r.alertname
}

func (r route) groupKey() string {
	return fmt.Sprintf("{}/{alertname=%q,autoscale=%q}:{alertname=%q}", r.alertname, r.direction, r.alertname)
}

// A group is the alerts of one route.
//
//	silent ──an alert fires: flush at once──▶ firing ──flush every group interval──┐
//	   ▲                                       │  ▲                                │
//	   └───────── a flush finds nothing ───────┘  └────────────────────────────────┘
type group struct {
	route         route
	interval      time.Duration
	repeat        time.Duration
	deliver       func(context.Context, route, []Alert) bool
	startedFiring chan struct{}
	mu            sync.Mutex
	firing        []Alert
}

func newGroup(r route, cfg Config, deliver func(context.Context, route, []Alert) bool) *group {
	return &group{
		route:         r,
		interval:      cfg.GroupInterval,
		repeat:        cfg.RepeatInterval,
		deliver:       deliver,
		startedFiring: make(chan struct{}, 1),
	}
}

func (g *group) update(alerts []Alert) {
	var firing []Alert
	for _, a := range alerts {
		if g.route.matches(a) {
			firing = append(firing, a)
		}
	}
	g.mu.Lock()
	g.firing = firing
	g.mu.Unlock()
	if len(firing) == 0 {
		return
	}
	select {
	case g.startedFiring <- struct{}{}:
	default: // It is signalled already.
	}
}

func (g *group) current() []Alert {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.firing
}

func (g *group) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.startedFiring:
			g.flushWhileFiring(ctx)
		}
	}
}

// flushWhileFiring flushes the group at regular intervals from now on, until a
// flush finds nothing firing or ctx ends.
func (g *group) flushWhileFiring(ctx context.Context) {
	var delivered time.Time
	for flush := time.Now(); ; {
		firing := g.current()
		if len(firing) == 0 || ctx.Err() != nil {
			return
		}
		due := delivered.IsZero() || time.Since(delivered) > g.repeat
		if due && g.deliver(ctx, g.route, firing) {
			delivered = time.Now()
		}
		flush = g.nextFlush(flush)
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(flush)):
		}
	}
}

// nextFlush returns the time of the next flush after now. Those that a slow
// delivery has missed are left out, not made up for.
func (g *group) nextFlush(last time.Time) time.Time {
	now := time.Now()
	return now.Add(g.interval - now.Sub(last)%g.interval)
}
