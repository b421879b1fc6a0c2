package exoapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/exopool/exopool/fake/exoapi/internal/iam"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// A Cloud is an emulated Exoscale. Its methods are safe for concurrent use.
type Cloud struct {
	*stores

	given   Config // by the user
	cfg     Config
	world   *world.World
	driver  driverapi.Driver
	router  *router
	more    []func(*world.World) resource
	journal journal
	// handlers are those of the kinds that there are now, by the key of the
	// route: kinds are made anew when the state is replaced.
	handlers map[string]handler
	faults   *Faults
	keyring  *iam.Keyring
	calls    callCounts
	// official finds what the original has and the cloud has not.
	official  func() *router
	exchanges exchangeLog
	callers   callers
	events    *eventLog
	// changedSpeed is what SetSpeed has made the speed; zero: it has not. The world
	// guards it.
	changedSpeed float64
}

// New makes a cloud. The error lists all that is wrong with the
// configuration.
func New(cfg Config) (*Cloud, error) { return newCloud(cfg) }

// newCloud makes a cloud with additional kinds of resources.
func newCloud(cfg Config, more ...func(*world.World) resource) (*Cloud, error) {
	c := &Cloud{
		given:   cfg,
		cfg:     cfg.withDefaults(),
		more:    more,
		faults:  &Faults{known: map[string]*route{}},
		keyring: &iam.Keyring{},
		events:  &eventLog{},

		official: sync.OnceValue(newOfficialRouter),
	}
	c.world = world.New(c.cfg.Clock, worldFaults{c.faults}, cfg.Seed)
	c.driver = c.cfg.Machines
	if c.driver == nil {
		c.driver = newSimulatedDriver(c.cfg, c.world.Now)
	}
	if len(cfg.Saved) > 0 && len(cfg.Credentials) == 0 {
		saved, err := parseState(cfg.Saved)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrState, err)
		}
		c.cfg.Credentials = saved.header.Credentials
	}
	err := c.populate(c.driver)
	if err := errors.Join(cfg.validate(), err); err != nil {
		return nil, fmt.Errorf("configure cloud: %w", err)
	}
	c.faults.under = c.changeFaults
	c.journal.began = c.world.Now()
	if err := c.begin(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// populate adds all that the cloud begins with.
func (c *Cloud) populate(driver driverapi.Driver) error {
	c.world.IDs.Begin(0)
	defer c.world.IDs.End()
	all, declared, err := newResources(c.world, c.cfg, driver, c.faults, c.keyring, c.events)
	if err != nil {
		return err
	}
	for _, declare := range c.more {
		declared = append(declared, declare(c.world))
	}
	c.handlers = map[string]handler{}
	for _, r := range declared {
		c.world.Register(r.Resource)
		for _, rt := range r.routes {
			c.handlers[rt.key()] = rt.handle
		}
	}
	c.stores = all
	c.instances.report = c.noteReport
	if c.router == nil {
		c.router = newRouter(declared)
		for _, r := range c.router.all {
			c.faults.known[r.OperationID] = r
		}
	}
	if len(c.cfg.Credentials) == 0 {
		key, secret := c.world.IDs.Credentials()
		c.cfg.Credentials = map[string]string{key: secret}
	}
	c.apiKeys.addOwner(c.cfg.Credentials)
	return c.world.SetLimits(c.cfg.Quotas)
}

// Credentials returns the API keys that the cloud began with and their
// secrets. They may do everything.
func (c *Cloud) Credentials() map[string]string { return maps.Clone(c.cfg.Credentials) }

// Credential returns one API key, the first in alphabetical order, and its
// secret.
func (c *Cloud) Credential() (key, secret string) {
	key = slices.Min(slices.Collect(maps.Keys(c.cfg.Credentials)))
	return key, c.cfg.Credentials[key]
}

// Faults returns the faults of this cloud, to be added to.
func (c *Cloud) Faults() *Faults { return c.faults }

// Handler serves the API. The zone is that of a host api-<zone>.exoscale.com
// or of a path that starts with /z/<zone>/v2; other requests go to the
// default zone.
func (c *Cloud) Handler() http.Handler { return http.HandlerFunc(c.serve) }

// Routes lists the operations of the API that the cloud knows, in the order
// of their paths.
func (c *Cloud) Routes() []Route {
	routes := make([]Route, 0, len(c.router.all))
	for _, r := range c.router.all {
		routes = append(routes, r.Route)
	}
	return routes
}

// Templates returns the names of all templates; nothing once the cloud is closed.
func (c *Cloud) Templates() (names []string) {
	c.read(func() { names = c.catalog.names() })
	return names
}

// Run makes transitions happen when they fall due, until ctx ends. Without
// it they happen with the next request, which is enough for tests but not
// for machines that really run.
func (c *Cloud) Run(ctx context.Context) {
	for ctx.Err() == nil {
		d, planned := c.world.Advance()
		if !planned {
			select {
			case <-ctx.Done():
			case <-c.world.Wake():
			}
			continue
		}
		select {
		case <-ctx.Done():
		case <-c.world.Wake():
		case <-c.cfg.Clock.After(d):
		}
	}
}

// Close destroys all machines and load balancers. Later requests are answered
// 503. It does not wait for [Cloud.Run].
func (c *Cloud) Close() { c.world.Close() }
