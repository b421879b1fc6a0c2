package console

import (
	"fmt"
	"strconv"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

type balancer struct {
	Name, ID, Zone, State, Address string
	Services                       []service
}

type service struct {
	Name, State, Protocol, Pool, Check string
	Port, TargetPort                   int
	Endpoint                           string // if it is not at the port of the load balancer
	Open, Total, Refused               int    // connections
	PerSecond                          string
	Members                            []member
}

type member struct {
	Instance    instance
	Health      string // empty: not checked yet
	Problem     string
	Connections int
	Share       int // of the service's, in percent
}

// balancers describes the load balancers and what goes through them now.
func (c *console) balancers(instances map[string]instance, pools map[string]string) (list []balancer) {
	seen := map[string]bool{}
	for _, b := range c.Cloud.API().Balancers() {
		v := balancer{Name: plain(b.Name), ID: b.ID, Zone: b.Zone, State: b.State, Address: b.Address.String()}
		for _, s := range b.Services {
			seen[s.ID] = true
			v.Services = append(v.Services, c.service(b, s, instances, pools))
		}
		list = append(list, v)
	}
	c.rates.keep(seen)
	return list
}

func (c *console) service(
	b exoapi.BalancerInfo, s exoapi.ServiceInfo, instances map[string]instance, pools map[string]string,
) service {
	traffic := c.Cloud.Traffic(b.ID, s.ID)
	problems := c.Cloud.HealthProblems(b.ID, s.ID)
	v := service{
		Name: plain(s.Name), State: s.State, Protocol: s.Protocol, Pool: pools[s.PoolID], Check: checkOf(s.Healthcheck),
		Port: s.Port, TargetPort: s.TargetPort,
		Open: traffic.Open, Total: traffic.Total, Refused: traffic.Refused,
		PerSecond: strconv.FormatFloat(c.rates.of(s.ID, traffic.Total, time.Now()), 'f', 1, 64),
	}
	if at, ok := c.Cloud.Endpoint(b.ID, s.Port); ok && (at.Addr() != b.Address || int(at.Port()) != s.Port) {
		v.Endpoint = at.String()
	}
	taken := 0
	for _, n := range traffic.ByMachine {
		taken += n
	}
	for _, p := range c.Cloud.API().Pools() {
		if p.ID != s.PoolID {
			continue
		}
		for _, id := range p.Members {
			m := member{Instance: instances[id], Health: string(s.Health[id]), Connections: traffic.ByMachine[id]}
			if taken > 0 {
				m.Share = 100 * m.Connections / taken
			}
			if err := problems[id]; err != nil {
				m.Problem = plain(c.Cloud.API().Redact(err.Error()))
			}
			v.Members = append(v.Members, m)
		}
	}
	return v
}

// checkOf says in words how a service checks health.
func checkOf(h driverapi.Healthcheck) string {
	text := fmt.Sprintf("%s on port %d", h.Mode, h.Port)
	if h.URI != "" {
		text = fmt.Sprintf("%s %s on port %d", h.Mode, plain(h.URI), h.Port)
	}
	return fmt.Sprintf("%s, every %d s, %d s at most, retries %d", text, h.Interval, h.Timeout, h.Retries)
}

type group struct {
	Name, ID string
	Members  int
	Rules    []rule
	Sources  []string
}

type rule struct{ Direction, Protocol, Ports, Peer, Description string }

func groupsOf(api *exoapi.Cloud) (list []group) {
	members := map[string]int{}
	for _, i := range api.Instances() {
		for _, name := range i.SecurityGroups {
			members[name]++
		}
	}
	for _, g := range api.SecurityGroups() {
		v := group{Name: plain(g.Name), ID: g.ID, Members: members[g.Name], Sources: g.Sources}
		for _, u := range g.Rules {
			r := rule{Direction: "out", Protocol: u.Protocol, Peer: plain(u.Peer), Description: plain(u.Description)}
			if u.Ingress {
				r.Direction = "in"
			}
			switch {
			case u.FirstPort != u.LastPort:
				r.Ports = fmt.Sprintf("%d to %d", u.FirstPort, u.LastPort)
			case u.FirstPort > 0:
				r.Ports = strconv.Itoa(u.FirstPort)
			}
			v.Rules = append(v.Rules, r)
		}
		list = append(list, v)
	}
	return list
}
