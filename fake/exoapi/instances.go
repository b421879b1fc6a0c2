package exoapi

import (
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// States of an instance.
const (
	instanceStarting   = "starting"
	instanceRunning    = "running"
	instanceStopping   = "stopping"
	instanceStopped    = "stopped"
	instanceDestroying = "destroying"
	instanceError      = "error"
)

// An instance is one machine, on its own or a member of a pool.
//
//	starting ──▶ running ──▶ stopping ──▶ stopped ──▶ starting
//	    │            any ──▶ destroying ──▶ gone
//	    └──▶ error ◀── running, when the driver finds an error
type instance struct {
	instanceSpec

	id, name, zone string
	state          string
	created        string
	labels         map[string]string
	address        netip.Addr // public IPv4; the zero Addr without one
	address6       string
	mac            string
	protected      bool
	nics           []*nic // in private networks
	snapshots      []wire.Ref
	reverseDNS     string // empty without a record
	password       password

	pool         *pool  // nil for one on its own
	joining      bool   // a member that has not run yet
	hasStarted   bool   // powered on at least once, so load balancers know it
	neverHealthy bool   // fails every health check, for ever
	crashed      bool   // fails every health check until it is powered on again
	machineError string // what the driver observed

	grace time.Duration // of one that is being destroyed

	// transition numbers transitions: an event of an earlier one does nothing.
	transition int
	starts     int              // of its machine, also those that failed
	op         *world.Operation // waits for the transition under way; may be nil

	// encoded is the instance as lists show it; nil after a change. Lists of
	// large pools are asked for all the time and change little.
	encoded []byte
}

// instances are the machines. What they stand for is up to a driver.
type instances struct {
	collection[instance]

	driver    driverapi.Driver
	addresses *world.Addresses
	faults    *Faults
	timing    Timing
	removal   Removal
	logger    *slog.Logger
	specs     *specReader
	pools     *pools
	volumes   *volumes
	redact    func(string) string // removes the secrets of API keys
	report    func(savedReport)   // gets what machines make of instances
	// failedStarts are those that are to fail again, and why.
	failedStarts map[start]string
}

func newInstances(
	w *world.World, driver driverapi.Driver, addresses *world.Addresses, faults *Faults, cfg Config,
) *instances {
	s := &instances{
		collection: collection[instance]{
			world: w, kind: "instance", label: "instance",
			quota: &world.Quota{Name: "instance", Limit: 20, Addresses: addresses},
			zone:  func(i *instance) string { return i.zone },
			name:  func(i *instance) string { return i.name },
			uses:  func(i *instance) []world.Use { return i.metered() },
		},
		driver:    driver,
		addresses: addresses,
		faults:    faults,
		timing:    cfg.Timing,
		removal:   cfg.Removal,
		logger:    cfg.Logger,
	}
	s.view = func(i *instance) any { return s.fullView(i) }
	s.observe(driver)
	return s
}

func (s *instances) declare() resource {
	list := get("/instance", "list-instances", s.list)
	list.partial = true
	d := s.collection.declare(
		list,
		post("/instance", "create-instance", s.create),
		get("/instance/{id}", "get-instance", s.get),
		put("/instance/{id}", "update-instance", s.update),
		del("/instance/{id}", "delete-instance", s.delete),
		del("/instance/{id}/{field}", "reset-instance-field", s.resetField),
		put("/instance/{id}:start", "start-instance", s.handleStart),
		put("/instance/{id}:stop", "stop-instance", s.handleStop),
		put("/instance/{id}:reboot", "reboot-instance", s.handleReboot),
		put("/instance/{id}:scale", "scale-instance", s.scale),
		put("/instance/{id}:resize-disk", "resize-instance-disk", s.resizeDisk),
		put("/instance/{id}:add-protection", "add-instance-protection", s.protect),
		put("/instance/{id}:remove-protection", "remove-instance-protection", s.unprotect),
		put("/instance/{id}:reset", "reset-instance", s.handleReset),
	)
	records := &reverseDNS{s.world, s.kind, s.record, s.changeableRecord, s.possibleRecord}
	d.routes = slices.Concat(d.routes, records.routes(), s.accessRoutes())
	d.User = s.user
	d.Close = func() {
		for i := range s.All() {
			s.driver.Destroy(i.id)
		}
	}
	return d
}

// user names an instance that uses a resource and will stay.
func (s *instances) user(id string) string {
	for i := range s.All() {
		attached := func(c *nic) bool { return c.network.id == id }
		if i.state != instanceDestroying && (i.uses(id) || slices.ContainsFunc(i.nics, attached)) {
			return "instance " + i.id
		}
	}
	return ""
}

// changeable finds the one that the path names, unless it is being destroyed.
func (s *instances) changeable(r *request) (*instance, error) {
	i, err := s.named(r)
	if err == nil && i.state == instanceDestroying {
		err = wire.Conflict("instance %s is being destroyed", i.id)
	}
	return i, err
}

// attached reads the instance that a call attaches or detaches.
func (s *instances) attached(r *request, f *wire.Fields) (*instance, error) {
	f.Require("instance")
	var id string
	f.Ref("instance", &id)
	if err := f.Err(); err != nil {
		return nil, err
	}
	i, err := s.find(r.zone, id)
	if err == nil && i.state == instanceDestroying {
		err = wire.Conflict("instance %s is being destroyed", i.id)
	}
	return i, err
}

func (s *instances) record(r *request) (*string, error) {
	i, err := s.named(r)
	if err != nil {
		return nil, err
	}
	return &i.reverseDNS, nil
}

func (s *instances) changeableRecord(r *request) (*string, error) {
	i, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	return &i.reverseDNS, nil
}

func (s *instances) possibleRecord(r *request) (*string, error) {
	if i, err := s.named(r); err == nil && !i.address.IsValid() && i.address6 == "" {
		return nil, wire.Invalid("bad request: instance %s has no public address", i.id)
	}
	return s.changeableRecord(r)
}
