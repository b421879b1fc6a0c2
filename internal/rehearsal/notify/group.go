package notify

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/common/model"
)

// A route leads alerts to one path of the receiver. It asks for both labels:
// an alert about missing data carries the labels of its rule but not its name.
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
//	silent ──something fires: look at once──▶ following ──look every group interval──┐
//	   ▲                                        │  ▲                                 │
//	   └───────── a look finds nothing ─────────┘  └─────────────────────────────────┘
type group struct {
	route         route
	clock         Clock
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
		clock:         cfg.Clock,
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
	default: // It knows already.
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
			g.follow(ctx)
		}
	}
}

// follow looks at the group on a grid that begins now, until a look finds
// nothing firing or ctx ends.
func (g *group) follow(ctx context.Context) {
	var delivered time.Time
	for look := g.clock.Now(); ; {
		firing := g.current()
		if len(firing) == 0 || ctx.Err() != nil {
			return
		}
		due := delivered.IsZero() || g.clock.Now().Sub(delivered) > g.repeat
		if due && g.deliver(ctx, g.route, firing) {
			delivered = g.clock.Now()
		}
		look = g.nextLook(look)
		select {
		case <-ctx.Done():
			return
		case <-g.clock.After(look.Sub(g.clock.Now())):
		}
	}
}

// nextLook returns the next point of the grid after now. A slow delivery may
// have passed points of it: they are left out, not made up for.
func (g *group) nextLook(last time.Time) time.Time {
	now := g.clock.Now()
	return now.Add(g.interval - now.Sub(last)%g.interval)
}
