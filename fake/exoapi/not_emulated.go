package exoapi

import (
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// notEmulatedKinds declares kinds of which there is nothing: what clients of
// the emulated ones may call besides, and quotas that are never used. Their
// names, and the limits of buckets, CPUs, memory, storage and GPUs, are the
// original's. The others are of about the size a new organization gets.
func notEmulatedKinds() []resource {
	limits := map[string]int{
		"database":      10,
		"bucket":        100,
		"cpu":           -1,
		"memory":        -1,
		"storage":       -1,
		"gpu":           0,
		"gpu2":          0,
		"gpu3":          0,
		"gpua30":        0,
		"gpu3080ti":     0,
		"gpua5000":      0,
		"gpurtx6000pro": 0,
	}
	kinds := make([]resource, 0, 1+len(limits))
	kinds = append(kinds, resource{routes: slices.Concat(deprecatedRoutes(), []*route{
		get("/live-balance", "get-live-balance", nil),
	})})
	for name, limit := range limits {
		kinds = append(kinds, resource{Resource: world.Resource{Quotas: []*world.Quota{{Name: name, Limit: limit}}}})
	}
	return kinds
}

// deprecatedRoutes are those of keys as they were before API keys had roles.
// The official document no longer has them, but older clients call them.
func deprecatedRoutes() []*route {
	routes := []*route{
		get("/access-key", "list-access-keys", nil),
		post("/access-key", "create-access-key", nil),
		get("/access-key/{key}", "get-access-key", nil),
		del("/access-key/{key}", "revoke-access-key", nil),
	}
	for _, r := range routes {
		r.reason = "access keys are deprecated, use /api-key"
	}
	return routes
}
