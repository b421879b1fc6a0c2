package system

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/exopool/exopool/internal/loopback"
	"github.com/exopool/exopool/internal/rehearsal/grafana"
)

// MaxSpeed is how far times can be shortened: members update their CPU time
// five times a second, and the window of the average must hold some of these.
const MaxSpeed = 20

// Config is what a [System] is made of. Every field but BootAge, Logger
// and Grafana is required.
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
	Logger  *slog.Logger  // of the parts; nothing is logged by default
	// Grafana evaluates the alerts; nil leaves them to the built-in rules. It
	// evaluates no more often than every ten seconds, so that Speed then holds
	// for the cloud alone.
	Grafana *grafana.Installation
}

// Validate reports every field that is out of its range.
func (cfg Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(cfg.Speed >= 1 && cfg.Speed <= MaxSpeed, "speed %g: must be from 1 (real time) to %d", cfg.Speed, MaxSpeed)
	check(cfg.Min >= 1, "minimum size %d: must be at least 1", cfg.Min)
	check(cfg.Max > cfg.Min, "maximum size %d: must be more than the minimum size %d", cfg.Max, cfg.Min)
	check(cfg.Max <= maxMembers, "maximum size %d: must be at most %d", cfg.Max, maxMembers)
	check(cfg.Clients >= 1 && cfg.Clients <= maxClients, "clients %d: must be from 1 to %d", cfg.Clients, maxClients)
	check(cfg.Period > 0, "period %s: must be positive", cfg.Period)
	check(cfg.Share > 0 && cfg.Share <= 1, "share %g: must be above 0 and at most 1", cfg.Share)
	check(cfg.Work > 0, "work %s: must be positive", cfg.Work)
	check(cfg.BootAge >= 0, "boot age %s: must not be negative", cfg.BootAge)
	check(loopback.IsAddrPort(cfg.Page), "page %q: want a loopback address with a port, such as 127.0.0.1:0", cfg.Page)
	return errors.Join(errs...)
}

// Each member is a process and each client a connection: enough for a demo,
// few enough for any host.
const (
	maxMembers = 50
	maxClients = 200
)
