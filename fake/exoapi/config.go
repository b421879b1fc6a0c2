package exoapi

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/internal/clock"
)

// Config describes a [Cloud]. Its zero value is a useful cloud.
type Config struct {
	// Clock drives every transition and the expiry of signatures; the
	// system's clock by default.
	Clock clock.Clock
	// Credentials maps API keys to their secrets. A pair is generated when
	// there is none.
	Credentials map[string]string
	// Zones are the names of the zones; all of Exoscale's by default.
	Zones []string
	// DefaultZone serves requests that name no zone, which is all that
	// clients sent to an IP address can do. The default is at-vie-1, or the
	// first of Zones if that is not among them.
	DefaultZone string
	// Templates are names of public templates besides those that the catalog
	// has. Drivers may not know them.
	Templates []string
	// Catalog holds instance types and templates besides those that the
	// emulator knows, or instead of those with the same names.
	Catalog Catalog
	// Machines runs the instances. By default nothing runs.
	Machines driverapi.Driver
	// InstanceNetwork and BalancerNetwork are where addresses come from when
	// nothing runs; 198.18.0.0/15 and 203.0.113.0/24 by default.
	InstanceNetwork, BalancerNetwork netip.Prefix
	// Timing is how long things take.
	Timing Timing
	// Removal is what becomes of the requests to members that are removed.
	Removal Removal
	// Quotas overrides limits by resource name; -1 means unlimited.
	Quotas map[string]int
	// AntiAffinityCapacity is how many instances an anti-affinity group holds,
	// those being destroyed included; -1 means unlimited. Default 8, which a
	// page of the original's documentation names.
	AntiAffinityCapacity int
	// APIEndpoint returns the address of a zone's API, without trailing slash,
	// as listed by the zones call; the official one by default.
	APIEndpoint func(zone string) string
	// Logger gets what happens without an API call and, at level debug, each
	// call; nothing by default.
	Logger *slog.Logger
	// KeepChanges keeps what changes the cloud, so that its state can be saved.
	KeepChanges bool
	// Saved is a state that the cloud begins with, one that [Cloud.Save] has
	// written; see [Cloud.Load]. Its credentials are taken unless others are
	// given. Empty is none.
	Saved []byte
	// Recorder gets the state and each change of it. With one, changes are kept.
	Recorder Recorder
	// KeepBodies keeps the bodies of calls in [Exchange], without secrets, and
	// logs them.
	KeepBodies bool
	// Seed makes ids, names and generated credentials repeatable. Zero means
	// random ones.
	Seed uint64
}

// Timing is how long transitions take. A zero field has the stated
// default, a negative one means at once.
type Timing struct {
	InstanceStart  time.Duration // starting to running; 15 s
	Boot           time.Duration // running to services answering; 20 s
	Stop           time.Duration // stopping to stopped; 5 s
	Destroy        time.Duration // destroying to gone; 5 s
	PoolUpdate     time.Duration // updating to running; 3 s
	BalancerCreate time.Duration // creating to running; 5 s
	BalancerUpdate time.Duration // a service's creating or updating to running, deleting to gone; 2 s
	Volume         time.Duration // what is done to a volume and its snapshots, but for resizing; 3 s
	Snapshot       time.Duration // what is done to an instance's snapshot; registering or copying a template; 10 s
	// Speed divides all waits, and is 1e-6 to 1e9. Zero means 1. A
	// driver that checks health in real time has its own speed.
	Speed float64
	// Instant makes all of the above happen at once, and answers changes that
	// have succeeded with "success" instead of "pending", so that clients do not
	// begin to wait. One that fails is still pending in its first answer, because
	// clients ignore the outcome of an operation that starts finished.
	Instant bool
}

// defaultAntiAffinityCapacity is what the original documents.
const defaultAntiAffinityCapacity = 8

// replaceRetry is how long a pool that could not replace a member waits
// before it tries again; minReplaceRetry bounds that at any speed, since a cloud
// that is loaded tries as often as the time since needs.
const (
	replaceRetry    = 30 * time.Second
	minReplaceRetry = 10 * time.Millisecond
)

// withDefaults fills in what was left zero and applies Speed.
func (t Timing) withDefaults() Timing {
	if t.Speed == 0 {
		t.Speed = 1
	}
	for _, f := range []struct {
		field    *time.Duration
		fallback time.Duration
	}{
		{&t.InstanceStart, 15 * time.Second},
		{&t.Boot, 20 * time.Second},
		{&t.Stop, 5 * time.Second},
		{&t.Destroy, 5 * time.Second},
		{&t.PoolUpdate, 3 * time.Second},
		{&t.BalancerCreate, 5 * time.Second},
		{&t.BalancerUpdate, 2 * time.Second},
		{&t.Volume, 3 * time.Second},
		{&t.Snapshot, 10 * time.Second},
	} {
		switch {
		case t.Instant:
			*f.field = 0
		case *f.field == 0:
			*f.field = f.fallback
		case *f.field < 0:
			*f.field = 0
		}
		*f.field = t.scale(*f.field)
	}
	return t
}

func (t Timing) scale(d time.Duration) time.Duration {
	return world.Bounded(float64(d) / t.Speed)
}

// wait is how long a transition takes that has no field of its own.
func (t Timing) wait(d time.Duration) time.Duration {
	if t.Instant {
		return 0
	}
	return t.scale(d)
}

// officialZones lists the zones of the original, in its order.
func officialZones() []string {
	return []string{
		"ch-gva-2", "ch-dk-2", "at-vie-1", "de-fra-1", "bg-sof-1", "de-muc-1", "at-vie-2", "hr-zag-1",
	}
}

func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if len(c.Zones) == 0 {
		c.Zones = officialZones()
	}
	if c.DefaultZone == "" {
		c.DefaultZone = c.Zones[0]
		if slices.Contains(c.Zones, "at-vie-1") {
			c.DefaultZone = "at-vie-1"
		}
	}
	if !c.InstanceNetwork.IsValid() {
		c.InstanceNetwork = netip.MustParsePrefix("198.18.0.0/15")
	}
	if !c.BalancerNetwork.IsValid() {
		c.BalancerNetwork = netip.MustParsePrefix("203.0.113.0/24")
	}
	c.AntiAffinityCapacity = cmp.Or(c.AntiAffinityCapacity, defaultAntiAffinityCapacity)
	if c.APIEndpoint == nil {
		c.APIEndpoint = func(zone string) string { return "https://api-" + zone + ".exoscale.com/v2" }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.KeepChanges = c.KeepChanges || c.Recorder != nil
	c.Timing = c.Timing.withDefaults()
	c.Credentials = maps.Clone(c.Credentials)
	return c
}

// validate reports all faults of a Config as its user wrote it, but for those
// of its quotas, which resources declare.
func (c Config) validate() error {
	var errs []error
	for key, secret := range c.Credentials {
		if key == "" || secret == "" {
			errs = append(errs, errors.New("an API key or its secret is empty"))
		}
	}
	zones := c.Zones
	if len(zones) == 0 {
		zones = officialZones()
	}
	seen := map[string]bool{}
	for _, zone := range zones {
		if zone == "" || seen[zone] {
			errs = append(errs, fmt.Errorf("zone %q is empty or listed twice", zone))
		}
		seen[zone] = true
	}
	if c.DefaultZone != "" && !seen[c.DefaultZone] {
		errs = append(errs, fmt.Errorf("default zone %q is not among the zones %s", c.DefaultZone, strings.Join(zones, ", ")))
	}
	if s := c.Timing.Speed; s != 0 && !validSpeed(s) {
		errs = append(errs, wrongSpeed(s))
	}
	if c.AntiAffinityCapacity < -1 {
		errs = append(errs, fmt.Errorf("anti-affinity capacity %d is below -1", c.AntiAffinityCapacity))
	}
	return errors.Join(append(errs, c.Removal.validate(), c.Catalog.validate(zones))...)
}
