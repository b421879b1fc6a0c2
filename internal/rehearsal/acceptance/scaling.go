package acceptance

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	lineSecond  = "with 10 parallel clients on http://<NLB>/load there is one more member"
	lineAverage = "members are added until the average CPU use falls below 80 %"
	lineMinimum = "without load members go, down to the minimum"

	clients     = 10
	secondLimit = 300 * time.Second
	// growthLimit and shrinkLimit are our own, as the course names none: a
	// step takes a minute, and an alert two.
	growthLimit = 20 * time.Minute
	shrinkLimit = 25 * time.Minute

	threshold = 80 // percent
	// settled is how long the average has to stay below: a member that has
	// just started is idle and makes it look better than it is.
	settled = time.Minute
	// stuck is how long the pool may keep its size under load before it has
	// probably reached its maximum.
	stuck = 5 * time.Minute
)

func (r *run) scaling() []check {
	return []check{
		{Line: Line{lineSecond, secondLimit, Boot}, after: []string{lineHealthy, lineReplaced}, do: r.awaitGrowth},
		{Line: Line{lineAverage, growthLimit, Boot}, after: []string{lineSecond, lineCPU}, do: r.awaitEnoughMembers},
		{Line: Line{lineMinimum, shrinkLimit, Boot}, after: []string{lineSecond}, do: r.awaitMinimum},
	}
}

// awaitGrowth starts ten clients and waits for one more member.
func (r *run) awaitGrowth(ctx context.Context, c check) (string, error) {
	r.minimum = len(r.alive())
	var err error
	if r.load, err = r.NewLoad(r.application("/load")); err != nil {
		return "", err
	}
	ctxLoad, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = r.load.Run(ctxLoad) // ends with its context
	}()
	r.stopLoad = func() {
		stop()
		<-ended
	}
	r.load.SetClients(clients)
	return r.eventually(func(context.Context) (bool, string) {
		n := len(r.alive())
		return n > r.minimum, fmt.Sprintf("%d members", n)
	})(ctx, c)
}

// awaitEnoughMembers waits until the members can carry the load.
func (r *run) awaitEnoughMembers(ctx context.Context, c check) (string, error) {
	var below time.Time
	var atMaximum error
	note, err := r.eventually(func(ctx context.Context) (bool, string) {
		r.updateMembers()
		average, known := r.average(ctx)
		healthy, seen := r.allHealthy(ctx)
		seen = fmt.Sprintf("average %s, %s", average, seen)
		switch {
		case known < 0 || known >= threshold || !healthy:
			below = time.Time{}
		case below.IsZero():
			below = time.Now()
		}
		if !below.IsZero() && time.Since(below) >= r.scaled(settled) {
			return true, seen
		}
		if healthy && known >= threshold && time.Since(r.membership.since) >= r.scaled(stuck) {
			atMaximum = fmt.Errorf("%w: the size did not change for %s, so the pool is probably at its maximum: %s", errCannotTell, r.scaled(stuck), seen)
			return true, seen
		}
		return false, seen
	})(ctx, c)
	return note, errors.Join(err, atMaximum)
}

// average returns the members' average CPU use in percent, as text, and as a
// number that is negative when Prometheus has no value.
func (r *run) average(ctx context.Context) (string, float64) {
	values, err := r.query(ctx, cpuQuery)
	sum, n := 0.0, 0
	for _, m := range r.alive() {
		if v, known := values[m.Address]; known {
			sum += v
			n++
		}
	}
	if err != nil || n == 0 {
		return "unknown", -1
	}
	percent := 100 * sum / float64(n)
	return fmt.Sprintf("%.0f %%", percent), percent
}

// awaitMinimum stops the clients and waits until members have been removed.
func (r *run) awaitMinimum(ctx context.Context, c check) (string, error) {
	r.load.SetClients(0)
	return r.eventually(func(context.Context) (bool, string) {
		n := len(r.alive())
		return n <= r.minimum, fmt.Sprintf("%d members", n)
	})(ctx, c)
}
