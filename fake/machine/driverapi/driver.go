package driverapi

import (
	"math"
	"net/netip"
	"time"
)

// A Machine is what an instance asks a driver to run.
type Machine struct {
	ID       string
	Name     string
	Zone     string
	Address  netip.Addr // public IPv4 address
	Type     InstanceType
	Template string // name of the template
	// DefaultUser is the one that the template's images let log in.
	DefaultUser string
	UserData    []byte // decoded
	SSHKeys     []string
	// BootTime is how long after power-on the machine's services answer.
	BootTime time.Duration
}

// A Balancer is the wanted state of one network load balancer.
type Balancer struct {
	ID       string
	Address  netip.Addr
	Services []Service
}

// A Service is one listening port of a [Balancer].
type Service struct {
	ID          string
	Name        string
	Port        int
	TargetPort  int
	Protocol    string // tcp or udp
	Strategy    string // round-robin, source-hash or maglev-hash
	Healthcheck Healthcheck
	Targets     []Target
	// Attempts is how many targets are tried for a connection before its
	// client is refused. Zero is one.
	Attempts int
	// Delay is how long targets that are in this state no more still get
	// connections, unless their health check fails before: zero is not at all,
	// [UntilUnhealthy] has no limit of its own.
	Delay time.Duration
}

// UntilUnhealthy is the [Service.Delay] of a load balancer that learns from its
// health checks alone that a target is gone.
const UntilUnhealthy time.Duration = math.MaxInt64

// A Target is a machine behind a service.
type Target struct {
	MachineID string
	Address   netip.Addr
	// Unhealthy makes every health check fail, whatever the machine answers.
	Unhealthy bool
}

// Health is the outcome of a health check.
type Health string

// The outcomes that the API knows; a target not checked yet has none.
const (
	HealthSuccess Health = "success"
	HealthFailure Health = "failure"
)

// A Driver runs what instances and load balancers stand for. The emulator
// says what is wanted and asks what is; a driver never calls it back.
//
// All methods return at once: a driver that needs time works in the
// background. They are called by one goroutine at a time, while the
// emulator holds its lock, so they must not call the API. Each is idempotent.
type Driver interface {
	// Networks names the ranges from which the emulator takes the public
	// addresses of instances and of load balancers.
	Networks() (instances, balancers netip.Prefix)
	// Start powers a machine on. An error says why the driver cannot: the
	// instance then enters the state "error".
	Start(Machine) error
	// Stop shuts a machine down, which may take a while, and powers it off; it
	// may be started again.
	Stop(id string)
	// Destroy kills a machine at once, also one that is shutting down, and
	// removes its disk.
	Destroy(id string)
	// Balance brings a load balancer into the given state.
	Balance(Balancer) error
	// Unbalance removes a load balancer.
	Unbalance(id string)
	// Health returns the latest outcome of a service's health check, by machine
	// id. Machines that were not checked yet are absent.
	Health(balancerID, serviceID string) map[string]Health
}
