package exoapi

import (
	"maps"
	"slices"
)

// Names of quotas that are enforced.
const (
	quotaInstances  = "instance"
	quotaBalancers  = "network-load-balancer"
	quotaKeys       = "iam-key"
	quotaNetworks   = "private-network"
	quotaElasticIPs = "elastic-ip"
)

// defaultQuotas returns limits of about the size a new organization gets;
// the original's are not published.
func defaultQuotas() map[string]int {
	return map[string]int{
		quotaInstances:           20,
		"database":               10,
		quotaElasticIPs:          10,
		quotaKeys:                100,
		"snapshot":               20,
		"template":               20,
		quotaBalancers:           5,
		quotaNetworks:            10,
		"sks-cluster":            5,
		"bucket":                 100,
		"block-storage-volume":   20,
		"block-storage":          1024,
		"block-storage-max-size": 10240,
		"gpu2":                   0,
		"gpu3":                   0,
		"gpua30":                 0,
		"gpu3080ti":              0,
		"gpua5000":               0,
		"gpurtx6000pro":          0,
	}
}

type quotaView struct {
	Resource string `json:"resource"`
	Usage    int    `json:"usage"`
	Limit    int    `json:"limit"`
}

func (w *world) quota(resource string) quotaView {
	q := quotaView{Resource: resource, Limit: w.limits[resource]}
	switch resource {
	case quotaInstances:
		q.Usage = w.instances.len()
	case quotaBalancers:
		q.Usage = w.balancers.len()
	case quotaNetworks:
		q.Usage = w.networks.len()
	case quotaElasticIPs:
		q.Usage = w.elastics.len()
	case quotaKeys:
		q.Usage = w.apiKeys.len()
	}
	return q
}

// room refuses n more of a resource if the quota, or the range of addresses
// that each takes one of, would be exceeded.
func (w *world) room(resource, operationID string, n int) error {
	if n <= 0 {
		return nil
	}
	q := w.quota(resource)
	if _, ok := w.faults.take(FaultQuotaReached, operationID); ok {
		q.Limit = q.Usage
	}
	if q.Limit >= 0 && n > q.Limit-q.Usage {
		return forbidden("quota of resource %s reached: %d of %d used, %d more requested",
			resource, q.Usage, q.Limit, n)
	}
	var free *addresses
	switch resource {
	case quotaInstances, quotaElasticIPs:
		free = w.publicIPs
	case quotaBalancers:
		free = w.nlbIPs
	}
	if free != nil && n > free.free() {
		return forbidden("no public addresses left for %d more of resource %s", n, resource)
	}
	return nil
}

func listQuotas(r *request) (any, error) {
	views := make([]quotaView, 0, len(r.world.limits))
	for _, resource := range slices.Sorted(maps.Keys(r.world.limits)) {
		views = append(views, r.world.quota(resource))
	}
	return list("quotas", views), nil
}

func getQuota(r *request) (any, error) {
	entity := r.params["entity"]
	if _, ok := r.world.limits[entity]; !ok {
		return nil, notFound("quota", entity)
	}
	return r.world.quota(entity), nil
}
