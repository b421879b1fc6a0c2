package stage

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/exopool/exopool/internal/rehearsal/grafana"
)

// MaxSpeed is how far times can be shortened: members update their CPU time
// five times a second, and the window of the average must hold some of these.
const MaxSpeed = 20

// Config is what a [Stage] is made of. Every field but BootAge, Log and
// Grafana is required.
type Config struct {
	Speed   float64       // 1 to [MaxSpeed]
	Min     int           // size that the pool begins with and shrinks to, 1 or more
	Max     int           // size that the pool never exceeds, more than Min
	Clients int           // that ask in parallel at most, 1 or more
	Period  time.Duration // least time between two requests of one client
	Share   float64       // of a CPU that each member has, above 0, at most 1
	Work    time.Duration // CPU time that one request needs
	BootAge time.Duration // for which members are left out of the average, at real speed; 0 counts all
	Page    string        // address to serve the web page on; port 0 picks a free one
	Log     *slog.Logger  // of the parts; nil discards
	// Grafana evaluates the alerts; nil leaves them to the built-in rules. It
	// evaluates no more often than every ten seconds, so that Speed then holds
	// for the cloud alone.
	Grafana *grafana.Installation
}

// Validate names every field that is out of its range.
func (c Config) Validate() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(c.Speed >= 1 && c.Speed <= MaxSpeed, "speed %g is not from 1 (real time) to %d", c.Speed, MaxSpeed)
	check(c.Min >= 1, "minimum %d is less than 1", c.Min)
	check(c.Max > c.Min, "maximum %d leaves no room to grow above the minimum %d", c.Max, c.Min)
	check(c.Max <= maxMembers, "maximum %d is more than %d processes", c.Max, maxMembers)
	check(c.Clients >= 1 && c.Clients <= maxClients, "clients %d are not from 1 to %d", c.Clients, maxClients)
	check(c.Period > 0, "period %s is not positive", c.Period)
	check(c.Share > 0 && c.Share <= 1, "share %g is not above 0 and at most 1", c.Share)
	check(c.Work > 0, "work %s is not positive", c.Work)
	check(c.BootAge >= 0, "age %s of members that boot is negative", c.BootAge)
	check(loopback(c.Page), "page %q is no loopback address with a port, such as 127.0.0.1:0", c.Page)
	return errors.Join(faults...)
}

// Each member is a process and each client a connection: enough for a demo,
// few enough for any computer.
const (
	maxMembers = 50
	maxClients = 200
)

// loopback reports whether an address can be reached from this computer only.
func loopback(address string) bool {
	addr, err := netip.ParseAddrPort(address)
	return err == nil && addr.Addr().IsLoopback()
}
