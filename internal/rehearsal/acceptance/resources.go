package acceptance

import (
	"fmt"
	"strings"

	"github.com/exopool/exopool/fake/exoapi"
)

const (
	linePool    = "there is exactly one instance pool"
	lineNLB     = "there is exactly one load balancer"
	lineService = "it has exactly one service"
	linePort    = "the service listens on port 80"
)

// resources compares what was created with what is demanded.
func (r *run) resources() scenario {
	return scenario{sprint: 1, name: nameResources, checks: []check{
		r.apply(),
		{Line: Line{Text: linePool}, after: []string{lineApply}, do: now(r.onePool)},
		{Line: Line{Text: lineNLB}, after: []string{lineApply}, do: now(r.oneBalancer)},
		{Line: Line{Text: lineService}, after: []string{lineNLB}, do: now(r.oneService)},
		{Line: Line{Text: linePort}, after: []string{lineService}, do: now(r.onPort80)},
		r.healthy(linePool, lineService),
		r.answers(),
	}, end: r.adviseService}
}

func (r *run) onePool() (string, error) {
	p, err := r.pool()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s with %d of %d members", p.Name, len(p.Members), p.Size), nil
}

func (r *run) oneBalancer() (string, error) {
	b, err := r.balancer()
	if err != nil {
		return "", err
	}
	return b.Name + " at " + b.Address.String(), nil
}

func (r *run) oneService() (string, error) {
	b, err := r.balancer()
	if err != nil {
		return "", err
	}
	if len(b.Services) != 1 {
		return "", fmt.Errorf("%s has %d services%s", b.Name, len(b.Services), named(b.Services, func(s exoapi.ServiceInfo) string { return s.Name }))
	}
	return b.Services[0].Name, nil
}

func (r *run) onPort80() (string, error) {
	if port := r.service().Port; port != 80 {
		return "", fmt.Errorf("it is port %d", port)
	}
	return "", nil
}

// pool returns the only pool.
func (r *run) pool() (exoapi.PoolInfo, error) {
	pools := ours(r, r.Cloud.Pools(), func(p exoapi.PoolInfo) string { return p.ID })
	if len(pools) != 1 {
		return exoapi.PoolInfo{}, fmt.Errorf("there are %d%s", len(pools), named(pools, func(p exoapi.PoolInfo) string { return p.Name }))
	}
	return pools[0], nil
}

// balancer returns the only load balancer.
func (r *run) balancer() (exoapi.BalancerInfo, error) {
	all := ours(r, r.Cloud.Balancers(), func(b exoapi.BalancerInfo) string { return b.ID })
	if len(all) != 1 {
		return exoapi.BalancerInfo{}, fmt.Errorf("there are %d%s", len(all), named(all, func(b exoapi.BalancerInfo) string { return b.Name }))
	}
	return all[0], nil
}

// service returns the only service; the zero one if there is none.
func (r *run) service() exoapi.ServiceInfo {
	b, err := r.balancer()
	if err != nil || len(b.Services) != 1 {
		return exoapi.ServiceInfo{}
	}
	return b.Services[0]
}

// application returns the address of a path behind the load balancer.
func (r *run) application(path string) string {
	b, err := r.balancer()
	if err != nil {
		return ""
	}
	return "http://" + b.Address.String() + path
}

// instances returns the instances of the installation that are not about to
// disappear.
func (r *run) instances(wanted func(exoapi.InstanceInfo) bool) (found []exoapi.InstanceInfo) {
	for _, i := range ours(r, r.Cloud.Instances(), func(i exoapi.InstanceInfo) string { return i.ID }) {
		if i.State != destroying && wanted(i) {
			found = append(found, i)
		}
	}
	return found
}

// outside returns the instances that are in no pool.
func (r *run) outside() []exoapi.InstanceInfo {
	return r.instances(func(i exoapi.InstanceInfo) bool { return i.PoolID == "" })
}

// members returns those that are in a pool.
func (r *run) members() []exoapi.InstanceInfo {
	return r.instances(func(i exoapi.InstanceInfo) bool { return i.PoolID != "" })
}

// running returns the members that run.
func (r *run) running() []exoapi.InstanceInfo {
	return r.instances(func(i exoapi.InstanceInfo) bool { return i.PoolID != "" && i.State == running })
}

// States of instances.
const (
	running    = "running"
	destroying = "destroying" // about to disappear
)

// ours returns what was not there before the installation.
func ours[T any](r *run, things []T, id func(T) string) (found []T) {
	for _, t := range things {
		if !r.foreign[id(t)] {
			found = append(found, t)
		}
	}
	return found
}

func ids(instances []exoapi.InstanceInfo) []string {
	ids := make([]string, 0, len(instances))
	for _, i := range instances {
		ids = append(ids, i.ID)
	}
	return ids
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
