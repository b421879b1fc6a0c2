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
		return nil, fmt.Errorf("list load balancers: %w", lacks("load-balancers"))
	}
	var backends []discovery.Backend
	for _, balancer := range *resp.JSON200.LoadBalancers {
		for _, service := range orZero(balancer.Services) {
			health, err := healthOf(service)
			if err != nil {
				return nil, fmt.Errorf("list load balancers: service %s: %w", orZero(service.Id), err)
			}
			backends = append(backends, discovery.Backend{
				BalancerID: orZero(balancer.Id),
				Service:    orZero(service.Name),
				PoolID:     strings.ToLower(orZero(orZero(service.InstancePool).Id)),
				Health:     health,
			})
		}
	}
	return backends, nil
}

// healthOf reads what the health check says of each address.
func healthOf(service oapi.LoadBalancerService) (map[netip.Addr]string, error) {
	health := make(map[netip.Addr]string)
	for _, target := range orZero(service.HealthcheckStatus) {
		addr, err := address(target.PublicIp)
		if err != nil {
			return nil, err
		}
		if addr.IsValid() && target.Status != nil {
			health[addr] = string(*target.Status)
		}
	}
	return health, nil
}
