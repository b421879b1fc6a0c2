package fakecloud

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud/console"
	"github.com/exopool/exopool/fake/fakecloud/control"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
	"github.com/exopool/exopool/fake/tlsproxy"
	"github.com/exopool/exopool/fake/vendordomains"
)

const (
	// closeGrace is how long requests and connections in flight may take to end.
	closeGrace = time.Second
	// driverGrace is how long machines may take to shut down.
	driverGrace = time.Minute
)

// A Cloud is an emulated Exoscale that answers on a loopback address. Its
// methods are safe for concurrent use.
type Cloud struct {
	cfg        Config
	address    string // of its listener
	connection Connection
	api        *exoapi.Cloud
	front      *front
	console    http.Handler
	proxy      *tlsproxy.Proxy
	neighbours []*tlsproxy.Proxy // answer for Config.Hosts
	driver     Driver            // nil when machines exist on paper
	gateway    []net.Listener    // where machines find the API; none unless they have a network of their own
	images     images

	closers []func() error // in the order in which things were started
	close   func() error
	running sync.WaitGroup
	failed  chan error // holds the first failure
}

// Start starts a cloud and returns when it answers. The context limits the
// start only: the caller closes the cloud.
func Start(ctx context.Context, cfg Config) (_ *Cloud, err error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configure the fake cloud: %w", err)
	}
	c := &Cloud{cfg: cfg.withDefaults(), failed: make(chan error, 1)}
	c.close = sync.OnceValue(c.closeAll)
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	listener, err := c.listen(ctx)
	if err != nil {
		return nil, err
	}
	authority, err := tlsproxy.NewAuthority(vendordomains.All()...)
	if err != nil {
		return nil, err
	}
	c.address = listener.Addr().String()
	if err := c.startMachines(ctx, authority); err != nil {
		return nil, err
	}
	if err := c.newAPI("http://" + listener.Addr().String()); err != nil {
		return nil, err
	}
	if err := c.startProxy(ctx, authority); err != nil {
		return nil, err
	}
	c.serve(ctx, listener)
	return c, nil
}

func (c *Cloud) listen(ctx context.Context) (net.Listener, error) {
	address, err := LoopbackAddress(c.cfg.Listen)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, func() error { _ = listener.Close(); return nil })
	return listener, nil
}

// newAPI makes the emulator, which answers at the given URL.
func (c *Cloud) newAPI(url string) (err error) {
	cfg := exoapi.Config{
		Zones: c.cfg.Zones, DefaultZone: c.cfg.Zone,
		Credentials: c.cfg.Credentials, Quotas: c.cfg.Quotas, Templates: c.cfg.Templates, Removal: c.cfg.Removal,
		AntiAffinityCapacity: c.cfg.AntiAffinityCapacity,
		Timing:               exoapi.Timing{Speed: c.cfg.Speed, Instant: c.cfg.Instant},
		Catalog:              c.cfg.Catalog,
		APIEndpoint:          func(zone string) string { return c.zoneEndpoint(url, zone) },
		Logger:               c.cfg.Logger,
		KeepBodies:           c.cfg.KeepBodies,
		KeepChanges:          c.cfg.KeepChanges,
		Saved:                c.cfg.Saved,
		Recorder:             c.cfg.Recorder,
	}
	if c.driver != nil {
		cfg.Machines = c.driver
	} else {
		cfg.InstanceNetwork, cfg.BalancerNetwork = paperNetworks()
	}
	if c.api, err = exoapi.New(cfg); err != nil {
		return err
	}
	c.closers = append(c.closers, func() error { c.api.Close(); return nil })
	c.connection = Connection{URL: url, Zone: c.cfg.Zone, Token: rand.Text()}
	c.connection.Key, c.connection.Secret = c.api.Credential()
	c.front = &front{api: c.api.Handler(), routeOf: c.api.RouteOf, logger: c.cfg.Logger}
	return c.newConsole(url)
}

// zoneEndpoint returns where the list of zones sends clients. Machines with a
// network of their own reach the API by its name only; other programs get from
// there to the proxy, by their environment.
func (c *Cloud) zoneEndpoint(url, zone string) string {
	if len(c.gateway) > 0 {
		return "https://api-" + zone + ".exoscale.com/v2"
	}
	return url + "/z/" + zone + "/v2"
}

// serve lets time pass in the cloud and answers requests.
func (c *Cloud) serve(ctx context.Context, listener net.Listener) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c.running.Go(func() { c.api.Run(ctx) })
	server := &http.Server{
		Handler: c.handler(), BaseContext: func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	c.running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			c.fail(fmt.Errorf("serve on %s: %w", listener.Addr(), err))
		}
	})
	for _, listener := range c.gateway {
		c.running.Go(func() {
			if err := c.proxy.Serve(listener); err != nil {
				c.fail(fmt.Errorf("serve the API to the machines: %w", err))
			}
		})
	}
	c.closers = append(c.closers, func() error { cancel(); return nil }, func() error {
		ctx, cancel := context.WithTimeout(ctx, closeGrace)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close() // cuts whoever is still connected
		}
		return nil
	})
}

// fail makes the cloud one that has stopped answering.
func (c *Cloud) fail(err error) {
	select {
	case c.failed <- err:
	default:
	}
}

// handler routes what comes to the one listener.
func (c *Cloud) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(control.Path, control.NewHandler(c.api, c.connection.Token))
	mux.Handle(console.Path, c.console)
	mux.HandleFunc("/", c.serveFront)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect || r.URL.IsAbs() {
			c.proxy.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// Wait returns when ctx ends, which is no error, or when the cloud has stopped
// answering before it was closed.
func (c *Cloud) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-c.failed:
		return err
	}
}

// Close ends the cloud with all its machines, and returns when nothing of it is
// left. Further calls return what the first one did.
func (c *Cloud) Close() error { return c.close() }

// closeAll ends everything in the reverse order of its start.
func (c *Cloud) closeAll() error {
	var errs []error
	for i := len(c.closers) - 1; i >= 0; i-- {
		errs = append(errs, c.closers[i]())
	}
	c.running.Wait()
	return errors.Join(errs...)
}

// API returns the emulator: calls in process, what is in the account, faults.
func (c *Cloud) API() *exoapi.Cloud { return c.api }

// Connection returns what clients need to reach the cloud.
func (c *Cloud) Connection() Connection { return c.connection }

// Environ returns the environment for a command that may reach this cloud and
// nothing of the real one: environ without what could lead to a real account,
// and with what leads here.
func (c *Cloud) Environ(environ []string) []string { return c.connection.environ(environ) }

// Unsupported returns what clients asked for that is not emulated, also after
// the cloud was closed.
func (c *Cloud) Unsupported() []Unsupported { return c.front.list() }

// FailedPulls returns the container images that machines asked for and have not
// got so far.
func (c *Cloud) FailedPulls() []imageregistry.FailedPull {
	if c.images.registry == nil {
		return nil
	}
	return c.images.registry.FailedPulls()
}

// DialContext connects to an address of the cloud, such as a load balancer's.
// It fits [http.Transport].
func (c *Cloud) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: want an address of the cloud", address)
	}
	for _, b := range c.api.Balancers() {
		if endpoint, ok := c.Endpoint(b.ID, int(at.Port())); ok && b.Address == at.Addr() {
			at = endpoint
		}
	}
	return new(net.Dialer).DialContext(ctx, network, at.String())
}
