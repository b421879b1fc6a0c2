package world

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

// A Quota limits how many resources of a kind an organization may have.
type Quota struct {
	Name  string     // of the resource, as the API calls it
	Limit int        // unless another is set; -1 means unlimited
	Usage func() int // nil if the kind is not emulated
	// Addresses is the range of which each resource takes an address, if it
	// takes one.
	Addresses *Addresses
}

// A QuotaView is a quota in the API's JSON shape.
type QuotaView struct {
	Resource string `json:"resource"`
	Usage    int    `json:"usage"`
	Limit    int    `json:"limit"`
}

// SetLimits replaces limits of quotas by name. The error lists all that is
// wrong with them; then none is replaced.
func (w *World) SetLimits(limits map[string]int) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		if _, ok := w.limits[name]; !ok || limits[name] < -1 {
			errs = append(errs, fmt.Errorf("quota %q of %d: unknown resource or limit below -1; known are %s",
				name, limits[name], strings.Join(slices.Sorted(maps.Keys(w.limits)), ", ")))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	maps.Copy(w.limits, limits)
	return nil
}

// Quotas returns all quotas, sorted by name.
func (w *World) Quotas() []QuotaView {
	views := make([]QuotaView, 0, len(w.limits))
	for i := range w.resources {
		for _, q := range w.resources[i].Quotas {
			views = append(views, w.view(q))
		}
	}
	slices.SortFunc(views, func(a, b QuotaView) int { return cmp.Compare(a.Resource, b.Resource) })
	return views
}

func (w *World) view(q *Quota) QuotaView {
	v := QuotaView{Resource: q.Name, Limit: w.limits[q.Name]}
	if q.Usage != nil {
		v.Usage = q.Usage()
	}
	return v
}

// CheckQuota refuses n more of a resource if its quota, or the range of
// addresses that each takes one of, would be exceeded.
func (w *World) CheckQuota(quota *Quota, operationID string, n int) error {
	if n <= 0 {
		return nil
	}
	q := w.view(quota)
	if w.faults.QuotaReached(operationID) {
		q.Limit = q.Usage
	}
	if q.Limit >= 0 && n > q.Limit-q.Usage {
		return wire.Assuming(wire.AssumesUsedUp, wire.Forbidden("quota of resource %s reached: %d of %d used, %d more requested",
			q.Resource, q.Usage, q.Limit, n))
	}
	if a := quota.Addresses; a != nil && n > a.free() {
		return wire.Assuming(wire.AssumesUsedUp, wire.Forbidden("no public addresses left for %d more of resource %s", n, q.Resource))
	}
	return nil
}
