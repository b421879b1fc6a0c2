package exoapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// A Cloud is an emulated Exoscale. Its methods are safe for concurrent use.
type Cloud struct {
	cfg    Config
	world  *world
	router *router
	faults *Faults
	auth   verifier
	calls  calls
	events *journal
}

// New makes a cloud. The error tells all that is wrong with the
// configuration.
func New(cfg Config) (*Cloud, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configure cloud: %w", err)
	}
	cfg = cfg.withDefaults()
	routes := newRouter(routeTable())
	faults := &Faults{known: map[string]bool{}}
	for _, r := range routes.all {
		faults.known[r.OperationID] = true
	}
	w, err := newWorld(cfg, faults)
	if err != nil {
		return nil, fmt.Errorf("configure cloud: %w", err)
	}
	if len(cfg.Credentials) == 0 {
		key, secret := w.ids.credentials()
		cfg.Credentials = map[string]string{key: secret}
	}
	w.addOwner(cfg.Credentials)
	return &Cloud{
		cfg:    cfg,
		world:  w,
		router: routes,
		faults: faults,
		auth:   verifier{w.secrets},
		events: &journal{},
	}, nil
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

// Run makes transitions happen when they fall due, until ctx ends. Without
// it they happen with the next request, which is enough for tests but not
// for machines that really run.
func (c *Cloud) Run(ctx context.Context) {
	for ctx.Err() == nil {
		d, planned := c.world.pause()
		if !planned {
			select {
			case <-ctx.Done():
			case <-c.world.wake:
			}
			continue
		}
		select {
		case <-ctx.Done():
		case <-c.world.wake:
		case <-c.cfg.Clock.After(d):
		}
	}
}

// Close destroys all machines and load balancers. Later requests are answered
// 503. It does not wait for [Cloud.Run].
func (c *Cloud) Close() { c.world.close() }
