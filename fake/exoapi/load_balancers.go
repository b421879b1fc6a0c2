package exoapi

import (
	"log/slog"
	"net/netip"

	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// States of a load balancer and of its services.
const (
	balancerCreating = "creating"
	balancerRunning  = "running"
	balancerUpdating = "updating" // services only
	balancerDeleting = "deleting"
	balancerError    = "error"
)

// A balancer is a network load balancer.
type balancer struct {
	id, name, zone string
	description    string
	labels         map[string]string
	state          string
	created        string
	address        netip.Addr
	services       world.Store[service]
	stale          bool // the driver does not know the present state yet
}

// A service is one port of a load balancer, in front of one pool.
type service struct {
	serviceSettings

	id         string
	pool       *pool
	state      string
	transition int // as of an instance
}

type serviceSettings struct {
	name        string
	description string
	protocol    string
	strategy    string
	port        int
	targetPort  int
	healthcheck driverapi.Healthcheck
}

// balancers forward connections to the members of pools. A driver does it.
type balancers struct {
	collection[balancer]

	driver    driverapi.Driver
	addresses *world.Addresses
	timing    Timing
	removal   Removal
	logger    *slog.Logger
	pools     *pools
	stale     []*balancer // whose present state the driver does not know yet
}

func newBalancers(w *world.World, driver driverapi.Driver, addresses *world.Addresses, cfg Config) *balancers {
	s := &balancers{driver: driver, addresses: addresses, timing: cfg.Timing, removal: cfg.Removal, logger: cfg.Logger}
	s.collection = collection[balancer]{
		world: w, kind: "load-balancer", label: "load balancer",
		quota: &world.Quota{Name: "network-load-balancer", Limit: 5, Addresses: addresses},
		zone:  func(b *balancer) string { return b.zone },
		name:  func(b *balancer) string { return b.name },
		view:  func(b *balancer) any { return s.viewOf(b) },
	}
	return s
}

func (s *balancers) declare() resource {
	d := s.collection.declare(
		get("/load-balancer", "list-load-balancers", s.list),
		post("/load-balancer", "create-load-balancer", s.create),
		get("/load-balancer/{id}", "get-load-balancer", s.get),
		put("/load-balancer/{id}", "update-load-balancer", s.update),
		del("/load-balancer/{id}", "delete-load-balancer", s.delete),
		del("/load-balancer/{id}/{field}", "reset-load-balancer-field", s.resetField),
		post("/load-balancer/{id}/service", "add-service-to-load-balancer", s.addService),
		get("/load-balancer/{id}/service/{service-id}", "get-load-balancer-service", s.getService),
		put("/load-balancer/{id}/service/{service-id}", "update-load-balancer-service", s.updateService),
		del("/load-balancer/{id}/service/{service-id}", "delete-load-balancer-service", s.deleteService),
		del("/load-balancer/{id}/service/{service-id}/{field}",
			"reset-load-balancer-service-field", s.resetServiceField),
	)
	d.Inventory = func(found world.Inventory) {
		for b := range s.All() {
			found.Add(s.kind, b.name, b.id)
			for v := range b.services.All() {
				found.Add("service", v.name, v.id)
			}
		}
	}
	d.Sync = s.sync
	d.Close = func() {
		for b := range s.All() {
			s.driver.Unbalance(b.id)
		}
	}
	return d
}

type balancerView struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	State       string            `json:"state"`
	CreatedAt   string            `json:"created-at"`
	IP          string            `json:"ip"`
	Labels      map[string]string `json:"labels,omitempty"`
	Services    []serviceView     `json:"services"`
}

func (s *balancers) viewOf(b *balancer) balancerView {
	v := balancerView{
		ID:          b.id,
		Name:        b.name,
		Description: b.description,
		State:       b.state,
		CreatedAt:   b.created,
		IP:          b.address.String(),
		Labels:      b.labels,
		Services:    []serviceView{},
	}
	for sv := range b.services.All() {
		v.Services = append(v.Services, s.serviceView(b, sv))
	}
	return v
}
