package acceptance

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

const (
	lineFollow  = "Prometheus' targets follow the pool"
	lineAverage = "members are added until the average CPU use falls below 80 %"
	lineMinimum = "without load members go, down to the minimum"

	followLimit = 2 * time.Minute
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

// A membership is the members of the pool, and when they last changed.
type membership struct {
	addresses []netip.Addr // sorted
	since     time.Time
}

// beyond goes on where the course's checker ends, with the load still there.
func (r *run) beyond() scenario {
	return scenario{name: nameBeyond, optional: true, skip: r.didNotGrow, checks: []check{
		{Line: Line{Text: lineFollow, Limit: followLimit, Needs: Boot}, do: r.awaitTargets},
		{Line: Line{Text: lineAverage, Limit: growthLimit, Needs: Boot}, do: r.awaitEnoughMembers},
		{Line: Line{Text: lineMinimum, Limit: shrinkLimit, Needs: Boot}, do: r.awaitMinimum},
	}, end: func(context.Context) { r.stopLoad() }}
}

func (r *run) didNotGrow() string {
	if !r.grew && r.Ability == Boot {
		return fmt.Sprintf("skipped: depends on %q", lineSecond)
	}
	return ""
}

// updateMembers takes in who is in the pool, and when that changed.
func (r *run) updateMembers() {
	members := r.members()
	addresses := make([]netip.Addr, 0, len(members))
	for _, i := range members {
		addresses = append(addresses, i.Address)
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	if !slices.Equal(addresses, r.membership.addresses) {
		r.membership = membership{addresses, time.Now()}
	}
}

// awaitTargets waits until Prometheus has the members as targets, and no others.
func (r *run) awaitTargets(ctx context.Context, c check) (string, error) {
	r.updateMembers()
	return r.await(ctx, c, func() time.Time { return r.membership.since }, func(ctx context.Context) (bool, string) {
		r.updateMembers()
		targets, err := r.targets(ctx)
		if err != nil {
			return false, err.Error()
		}
		seen := fmt.Sprintf("members %s, targets %s, %s after the last change",
			addressList(r.membership.addresses), addressList(targets), time.Since(r.membership.since).Round(time.Second))
		return slices.Equal(targets, r.membership.addresses), seen
	})
}

// targets returns the addresses of members that Prometheus scrapes, or tries
// to. Other targets, such as Prometheus itself, are left out: they are not in
// the cloud's range of public addresses.
func (r *run) targets(ctx context.Context) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	server, err := r.monitoringAt(prometheusPort)
	if err != nil {
		return nil, err
	}
	client, err := api.NewClient(api.Config{Address: server, RoundTripper: r.Transport})
	if err != nil {
		return nil, err
	}
	found, err := promv1.NewAPI(client).Targets(ctx)
	if err != nil {
		return nil, err
	}
	var addresses []netip.Addr
	for _, t := range found.Active {
		host, _, _ := strings.Cut(string(t.Labels[model.InstanceLabel]), ":")
		at, err := netip.ParseAddr(host)
		if err != nil || at.IsLoopback() || slices.Contains(addresses, at) || r.isOutside(at) {
			continue
		}
		addresses = append(addresses, at)
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	return addresses, nil
}

func (r *run) isOutside(address netip.Addr) bool {
	for _, i := range r.outside() {
		if i.Address == address {
			return true
		}
	}
	return false
}

func addressList(addresses []netip.Addr) string {
	if len(addresses) == 0 {
		return "none"
	}
	return fmt.Sprint(addresses)
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
	found, err := r.query(ctx, cpuQuery)
	sum, n := 0.0, 0
	for _, m := range r.members() {
		if v, known := found[m.Address.String()]; known {
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

// awaitMinimum stops the clients and waits until the pool is as small as before.
func (r *run) awaitMinimum(ctx context.Context, c check) (string, error) {
	r.load.SetClients(0)
	return r.eventually(r.present(1))(ctx, c)
}
