package exoscale

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/exoscale/egoscale/v2/oapi"

	"github.com/exopool/exopool/discovery"
)

// Backends implements [discovery.BackendLister].
func (l *Lister) Backends(ctx context.Context) ([]discovery.Backend, error) {
	resp, err := l.client.api.ListLoadBalancersWithResponse(ctx)
	if err != nil {
		return nil, fmt.Errorf("list load balancers: %w", l.client.explain(err))
	}
	if resp.JSON200.LoadBalancers == nil {
		return nil, fmt.Errorf("list load balancers: %w", missingField("load-balancers"))
	}
	var backends []discovery.Backend
	for _, balancer := range *resp.JSON200.LoadBalancers {
		for _, service := range orZero(balancer.Services) {
			backends = append(backends, discovery.Backend{
				BalancerID: orZero(balancer.Id),
				Service:    orZero(service.Name),
				PoolID:     strings.ToLower(orZero(orZero(service.InstancePool).Id)),
				Health:     healthOf(service),
			})
		}
	}
	return backends, nil
}

// healthOf returns the result of the health check for each address.
func healthOf(service oapi.LoadBalancerService) map[netip.Addr]discovery.Health {
	health := make(map[netip.Addr]discovery.Health)
	for _, target := range orZero(service.HealthcheckStatus) {
		if addr := address(target.PublicIp); addr.IsValid() && orZero(target.Status) != "" {
			health[addr] = discovery.Health{
				OK:   *target.Status == oapi.LoadBalancerServerStatusStatusSuccess,
				Text: string(*target.Status),
			}
		}
	}
	return health
}
