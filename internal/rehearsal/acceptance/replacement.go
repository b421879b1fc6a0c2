package acceptance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
)

const (
	lineReplaced = "all backends are healthy again after all members were deleted"
	lineFollow   = "Prometheus' targets follow the pool"

	followLimit = 2 * time.Minute
)

// A membership is the members of the pool, and when they last changed.
type membership struct {
	addresses []netip.Addr // sorted
	since     time.Time
}

// replacement deletes all members, as an outage would.
func (r *run) replacement() []check {
	return []check{
		{Line: Line{lineReplaced, healthLimit, Traffic}, after: []string{lineHealthy}, do: r.replaceMembers},
		{Line: Line{lineFollow, followLimit, Boot}, after: []string{lineUp, lineReplaced}, do: r.awaitTargets},
	}
}

func (r *run) replaceMembers(ctx context.Context, c check) (string, error) {
	var old []string
	var faults []error
	for _, i := range r.Cloud.Instances() {
		if i.PoolID != "" && i.State != destroying {
			old = append(old, i.ID)
		}
	}
	start := time.Now()
	for _, i := range r.Cloud.Instances() {
		if slices.Contains(old, i.ID) {
			_, err := r.Cloud.Do(ctx, http.MethodDelete, "/z/"+i.Zone+"/v2/instance/"+i.ID, nil)
			faults = append(faults, err)
		}
	}
	if err := errors.Join(faults...); err != nil {
		return "", fmt.Errorf("delete the members: %w", err)
	}
	return r.await(ctx, c, func() time.Time { return start }, func(ctx context.Context) (bool, string) {
		r.updateMembers()
		healthy, seen := r.allHealthy(ctx)
		for _, p := range r.Cloud.Pools() {
			if slices.ContainsFunc(p.Members, func(id string) bool { return slices.Contains(old, id) }) {
				return false, "deleted members are still there"
			}
		}
		return healthy, seen
	})
}

// updateMembers takes in who is in the pool, and when that changed.
func (r *run) updateMembers() {
	members := r.alive()
	addresses := make([]netip.Addr, 0, len(members))
	for _, i := range members {
		addresses = append(addresses, i.Address)
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	if !slices.Equal(addresses, r.membership.addresses) {
		r.membership = membership{addresses, time.Now()}
	}
}

// alive returns the members that have an address.
func (r *run) alive() (found []exoapi.InstanceInfo) {
	for _, i := range r.Cloud.Instances() {
		if i.PoolID != "" && i.State != destroying && i.Address.IsValid() {
			found = append(found, i)
		}
	}
	return found
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

func addressList(addresses []netip.Addr) string {
	if len(addresses) == 0 {
		return "none"
	}
	return fmt.Sprint(addresses)
}
