package system

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/internal/configerr"
	"github.com/exopool/exopool/internal/loopback"
	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
)

// MaxSpeed is how far times can be shortened: members update their CPU time
// five times a second, and the window of the average must hold some of these.
const MaxSpeed = 20

// Config is what a [System] is made of. Every field but BootAge, Policy, Guards,
// Removal, Logger and Grafana is required.
type Config struct {
	Speed   float64       // 1 to [MaxSpeed]
	Min     int           // size of the pool at first and without load, 1 or more
	Max     int           // maximum size of the pool, more than Min
	Clients int           // that send requests in parallel at most, 1 or more
	Period  time.Duration // minimum time between two requests of one client
	Share   float64       // of a CPU that each member has, above 0, at most 1
	Work    time.Duration // CPU time that one request needs
	BootAge time.Duration // for which members are left out of the average, at real speed; 0 counts all
	// Policy decides about the size by the CPU use of the members; nil leaves that to
	// the webhooks of the alerts. Guards are at real speed.
	Policy autoscale.Policy
	Guards autoscale.Guards
	// Removal is what becomes of the requests to members that are removed. Its zero
	// value is the harshest.
	Removal exoapi.Removal
	// Interactive leaves the load to the user from the beginning. Otherwise it is
	// the user's once the page or a key has changed it.
	Interactive bool
	Page        string       // address to serve the web page on; port 0 picks a free one
	Logger      *slog.Logger // of the parts; nothing is logged by default
	// Grafana evaluates the alerts; nil leaves them to the built-in rules. It
	// evaluates no more often than every ten seconds, so that Speed then holds
	// for the cloud alone.
	Grafana *grafanaserver.Installation
}

// DefaultConfig returns the configuration of a demo of about half a minute.
func DefaultConfig() Config {
	return Config{
		Speed: MaxSpeed, Min: 1, Max: 5, Clients: 10, Period: 450 * time.Millisecond,
		Share: 0.5, Work: 50 * time.Millisecond, Page: "127.0.0.1:0",
	}
}

// Validate reports every field that is out of its range, as a [configerr.Error].
func (cfg Config) Validate() error {
	errs := []error{
		configerr.Between("Speed", cfg.Speed, 1, MaxSpeed),
		configerr.Between("Min", cfg.Min, 1, MaxSize),
		configerr.Between("Max", cfg.Max, 1, MaxSize),
		configerr.Between("Clients", cfg.Clients, 1, MaxClients),
	}
	if cfg.Max <= cfg.Min {
		errs = append(errs, &configerr.Error{
			Field: "Max", Problem: fmt.Sprintf("is %d, not above the minimum size %d", cfg.Max, cfg.Min), Remedy: "raise it or lower the minimum size",
		})
	}
	positive := func(field string, d time.Duration) {
		if d <= 0 {
			errs = append(errs, &configerr.Error{Field: field, Problem: fmt.Sprintf("is %s", d), Remedy: "set it to a positive duration"})
		}
	}
	positive("Period", cfg.Period)
	positive("Work", cfg.Work)
	if !(cfg.Share > 0 && cfg.Share <= 1) {
		errs = append(errs, &configerr.Error{Field: "Share", Problem: fmt.Sprintf("is %v", cfg.Share), Remedy: "set it to a number above 0 and at most 1"})
	}
	if cfg.BootAge < 0 {
		errs = append(errs, &configerr.Error{Field: "BootAge", Problem: fmt.Sprintf("is %s", cfg.BootAge), Remedy: "set it to 0s or longer"})
	}
	if !loopback.IsAddrPort(cfg.Page) {
		errs = append(errs, &configerr.Error{
			Field: "Page", Problem: fmt.Sprintf("is %q, which is no loopback address with a port", cfg.Page), Remedy: "set it to an address such as 127.0.0.1:0",
		})
	}
	return errors.Join(errs...)
}

// Each member is a process and each client a connection: enough for a demo,
// few enough for any host.
const (
	MaxSize    = 50
	MaxClients = 200
)
