package driverapi

import (
	"context"
	"net/netip"
	"time"
)

// A HealthExplainer is a driver that knows why health checks fail.
type HealthExplainer interface {
	// HealthProblems returns why the latest check of a service's targets failed,
	// by machine id. Targets whose latest check succeeded, or that were not
	// checked yet, are absent.
	HealthProblems(balancerID, serviceID string) map[string]error
}

// An Inspector is a driver that can look into its machines.
type Inspector interface {
	// Inspect returns what goes on in a machine. It takes seconds: unlike the
	// methods of a [Driver], it must not be called with the emulator's lock.
	Inspect(ctx context.Context, id string) (Facts, error)
}

// Facts are what goes on in a machine, for people who look for a mistake. Texts are
// bounded, and do not contain what looks like a secret.
type Facts struct {
	On bool
	// Done says that the user-data is, whether it failed or not.
	Done      bool
	DoneSince time.Duration // how long ago it was done
	// Complaints are what commands of the user-data said went wrong, also
	// those after which a script went on.
	Complaints []string
	// Working is what the user-data is doing, while it is not done: command
	// lines, outermost first.
	Working []string
	// Sockets are those on which programs wait for TCP connections.
	Sockets []netip.AddrPort
	// Containers are those of container engines, whatever their state.
	Containers []Container
	// FailedUnits are systemd's, each with its last message.
	FailedUnits []string
}

// A Container is one in a machine.
type Container struct {
	Name, Image   string
	State         string // running, exited, restarting, created, ...
	ExitCode      int
	Restarts      int    // by the engine
	RestartPolicy string // empty or no: none
	HostNetwork   bool
	Published     []Port
	Mounts        []Mount
	Command       []string
	// Log is its last lines; if it runs well, the last that tell of an error.
	Log []string
}

// A Mount is a file or folder of a machine, or of its engine, in a container.
type Mount struct{ From, To string }

// A Port is one of a container that is published on its machine.
type Port struct {
	Host      netip.AddrPort // the zero Addr means all addresses
	Container int
}
