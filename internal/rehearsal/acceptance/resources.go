package acceptance

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/exopool/exopool/fake/exoapi"
)

const (
	linePool    = "there is exactly one instance pool"
	lineNLB     = "there is exactly one load balancer, with exactly one service, from port 80 to 8080"
	lineCheck   = "its health check is HTTP on /health"
	lineOutside = "there is exactly one instance outside the pool"
)

// resources compares what was created with what is demanded.
func (r *run) resources() []check {
	now := func(verify func() (string, error)) func(context.Context, check) (string, error) {
		return func(context.Context, check) (string, error) { return verify() }
	}
	return []check{
		{Line: Line{Text: linePool}, after: []string{lineApply}, do: now(r.onePool)},
		{Line: Line{Text: lineNLB}, after: []string{lineApply}, do: now(r.oneBalancer)},
		{Line: Line{Text: lineCheck}, after: []string{lineApply, lineNLB}, do: now(r.httpCheck)},
		{Line: Line{Text: lineOutside}, after: []string{lineApply}, do: now(r.oneOutside)},
	}
}

func (r *run) onePool() (string, error) {
	pools := r.Cloud.Pools()
	if len(pools) != 1 {
		return "", fmt.Errorf("there are %d%s", len(pools), named(pools, func(p exoapi.PoolInfo) string { return p.Name }))
	}
	return fmt.Sprintf("%s with %d of %d members", pools[0].Name, len(pools[0].Members), pools[0].Size), nil
}

func (r *run) oneBalancer() (string, error) {
	balancers := r.Cloud.Balancers()
	if len(balancers) != 1 {
		return "", fmt.Errorf("there are %d%s", len(balancers), named(balancers, func(b exoapi.BalancerInfo) string { return b.Name }))
	}
	b := balancers[0]
	if len(b.Services) != 1 {
		return "", fmt.Errorf("%s has %d services%s", b.Name, len(b.Services), named(b.Services, func(s exoapi.ServiceInfo) string { return s.Name }))
	}
	if s := b.Services[0]; s.Port != 80 || s.TargetPort != 8080 || s.Protocol != "tcp" {
		return "", fmt.Errorf("service %s is from %s port %d to %d", s.Name, s.Protocol, s.Port, s.TargetPort)
	}
	return b.Name + " at " + b.Address.String(), nil
}

func (r *run) httpCheck() (string, error) {
	check := r.service().Healthcheck
	var faults []error
	if check.Mode != "http" {
		faults = append(faults, fmt.Errorf("its mode is %s", check.Mode))
	}
	if check.URI != "/health" {
		faults = append(faults, fmt.Errorf("its URI is %q", check.URI))
	}
	return fmt.Sprintf("port %d, every %d s", check.Port, check.Interval), errors.Join(faults...)
}

func (r *run) oneOutside() (string, error) {
	outside := r.outside()
	if len(outside) != 1 {
		return "", fmt.Errorf("there are %d%s", len(outside), named(outside, func(i exoapi.InstanceInfo) string { return i.Name }))
	}
	return outside[0].Name + " at " + outside[0].Address.String(), nil
}

// outside returns the instances that are in no pool.
func (r *run) outside() (found []exoapi.InstanceInfo) {
	for _, i := range r.Cloud.Instances() {
		if i.PoolID == "" && i.State != destroying {
			found = append(found, i)
		}
	}
	return found
}

// destroying is the API's state of instances that are about to disappear.
const destroying = "destroying"

// service returns the only service. Checks that call it depend on lineNLB.
func (r *run) service() exoapi.ServiceInfo {
	balancers := r.Cloud.Balancers()
	if len(balancers) != 1 || len(balancers[0].Services) != 1 {
		return exoapi.ServiceInfo{}
	}
	return balancers[0].Services[0]
}

// application returns the address of a path behind the load balancer.
func (r *run) application(path string) string {
	balancers := r.Cloud.Balancers()
	if len(balancers) != 1 {
		return ""
	}
	return "http://" + balancers[0].Address.String() + path
}

// named returns a list of names, as the end of a sentence.
func named[T any](things []T, name func(T) string) string {
	names := make([]string, 0, len(things))
	for _, t := range things {
		names = append(names, name(t))
	}
	if len(names) == 0 {
		return ""
	}
	return ": " + strings.Join(names, ", ")
}
