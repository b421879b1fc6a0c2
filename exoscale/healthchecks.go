package exoscale

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/exoscale/egoscale/v2/oapi"
)

// healthCheckGroup is the public security group that names where load balancers
// check health from.
const healthCheckGroup = "public-nlb-healthcheck-sources"

// HealthCheckSources returns the networks from which load balancers check the
// health of members, with one API call. There is at least one, or an error.
func (c *Client) HealthCheckSources(ctx context.Context) ([]netip.Prefix, error) {
	public := oapi.ListSecurityGroupsParamsVisibility("public")
	resp, err := c.api.ListSecurityGroupsWithResponse(ctx, &oapi.ListSecurityGroupsParams{Visibility: &public})
	if err != nil {
		return nil, fmt.Errorf("list public security groups: %w", c.explain(err))
	}
	var sources []netip.Prefix
	for _, group := range orZero(resp.JSON200.SecurityGroups) {
		if orZero(group.Name) != healthCheckGroup {
			continue
		}
		for _, text := range orZero(group.ExternalSources) {
			source, err := network(text)
			if err != nil {
				return nil, fmt.Errorf("list public security groups: source of %s: %w", healthCheckGroup, err)
			}
			sources = append(sources, source)
		}
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("list public security groups: %w", missingField("external-sources of "+healthCheckGroup))
	}
	return sources, nil
}

// network reads a network, or an address as the network of it alone.
func network(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}
