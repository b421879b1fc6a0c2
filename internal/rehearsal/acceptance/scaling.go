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
	// growthLimit and shrinkLimit are not the course's, which says no time:
	// a step takes a minute, and an alert two.
	growthLimit = 20 * time.Minute
	shrinkLimit = 25 * time.Minute

	threshold = 80 // percent
	// settled is how long the average has to stay below: a member that has
	// just started is idle and makes it look better than it is.
	settled = time.Minute
	// stuck is how long the pool may stay as it is under load before it seems
	// to have reached its maximum.
	stuck = 5 * time.Minute
)

func (r *run) scaling() []step {
	return []step{
		{line: lineSecond, limit: secondLimit, needs: Boot, after: []string{lineHealthy, lineReplaced}, check: r.grow},
		{line: lineAverage, limit: growthLimit, needs: Boot, after: []string{lineSecond, lineCPU}, check: r.suffice},
		{line: lineMinimum, limit: shrinkLimit, needs: Boot, after: []string{lineSecond}, check: r.shrink},
	}
}

// grow lets ten clients work the application.
func (r *run) grow(ctx context.Context, s step) (string, error) {
	r.minimum = len(r.alive())
	var err error
	if r.load, err = r.NewLoad(r.application("/load")); err != nil {
		return "", err
	}
	ctxLoad, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = r.load.Run(ctxLoad) // it ends when it is told to
	}()
	r.unload = func() {
		stop()
		<-ended
	}
	r.load.SetClients(clients)
	return r.await(ctx, s, now(), func(context.Context) (bool, string) {
		n := len(r.alive())
		return n > r.minimum, fmt.Sprintf("%d members", n)
	})
}

// suffice waits until there are members enough.
func (r *run) suffice(ctx context.Context, s step) (string, error) {
	var below time.Time
	var unseen error
	note, err := r.await(ctx, s, now(), func(ctx context.Context) (bool, string) {
		r.observe()
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
		if healthy && known >= threshold && time.Since(r.members.since) >= r.scaled(stuck) {
			unseen = fmt.Errorf("%w: the pool stays as it is, at its maximum as it seems: %s", errUnseen, seen)
			return true, seen
		}
		return false, seen
	})
	return note, errors.Join(err, unseen)
}

// average returns the members' average CPU use in percent, as text, and as a
// number that is negative when Prometheus does not know.
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

// shrink takes the load away.
func (r *run) shrink(ctx context.Context, s step) (string, error) {
	r.load.SetClients(0)
	return r.await(ctx, s, now(), func(context.Context) (bool, string) {
		n := len(r.alive())
		return n <= r.minimum, fmt.Sprintf("%d members", n)
	})
}
