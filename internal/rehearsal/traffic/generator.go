package traffic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

const (
	defaultMaxClients = 10
	defaultTimeout    = 30 * time.Second
)

// Config configures a [Generator]. URL and Period are required.
type Config struct {
	// URL of the requests, such as http://127.0.0.1:8080/load.
	URL string
	// Period is the shortest time between two requests of one client.
	Period time.Duration
	// MaxClients bounds SetClients, 10 when zero.
	MaxClients int
	// Timeout after which a request without a complete answer is an error, 30 s
	// when zero.
	Timeout time.Duration
	// Transport carries the requests; by default one with a connection per
	// request and no proxy.
	Transport http.RoundTripper
}

// A Generator sends the requests of a number of clients that may change at any
// time. Its methods may be called from any goroutine.
type Generator struct {
	cfg     Config
	pacer   *pacer
	history history
}

// validate returns all faults of the configuration.
func (c Config) validate() error {
	var faults []error
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" {
		faults = append(faults, fmt.Errorf("the URL %q is not like http://host:port/path", c.URL))
	}
	if c.Period <= 0 {
		faults = append(faults, fmt.Errorf("the Period is %s: want a positive duration", c.Period))
	}
	if c.MaxClients < 0 {
		faults = append(faults, fmt.Errorf("MaxClients is %d: want a positive number", c.MaxClients))
	}
	if c.Timeout < 0 {
		faults = append(faults, fmt.Errorf("the Timeout is %s: want a positive duration", c.Timeout))
	}
	return errors.Join(faults...)
}

func (c Config) withDefaults() Config {
	c.MaxClients = cmp.Or(c.MaxClients, defaultMaxClients)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	if c.Transport == nil {
		c.Transport = &http.Transport{DisableKeepAlives: true}
	}
	return c
}

// New returns a generator without clients. The error has every fault of the
// configuration.
func New(cfg Config) (*Generator, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configure the load: %w", err)
	}
	cfg = cfg.withDefaults()
	return &Generator{cfg: cfg, pacer: newPacer(cfg.Period)}, nil
}

// Run sends requests until [Generator.Stop] is called and the requests in flight have
// finished, or until ctx ends, which cuts them off. It may be called once. The
// error is always nil.
func (g *Generator) Run(ctx context.Context) error {
	workers := uint64(g.cfg.MaxClients) //nolint:gosec // New made sure that it is positive.
	attacker := vegeta.NewAttacker(
		vegeta.Client(&http.Client{Transport: withContext(ctx, g.cfg.Transport), Timeout: g.cfg.Timeout}),
		vegeta.Workers(workers),
		vegeta.MaxWorkers(workers),
		vegeta.MaxBody(0), // Answers are read to their end and not kept.
	)
	defer context.AfterFunc(ctx, g.pacer.stop)()
	for result := range attacker.Attack(g.target, g.pacer, 0, "") {
		ended := ctx.Err() != nil
		g.history.finish(result, ended)
		if ended {
			g.pacer.stop() // Before a client becomes free and sends one more.
		}
		g.pacer.answer()
	}
	return nil
}

// target is a [vegeta.Targeter]: it is asked once per request.
func (g *Generator) target(t *vegeta.Target) error {
	g.history.sent()
	t.Method, t.URL = http.MethodGet, g.cfg.URL
	return nil
}

// SetClients changes the number of clients, between 0 and the maximum, and
// returns the number set. Requests in progress are not cut off when there are
// fewer: they are waited for and counted.
func (g *Generator) SetClients(n int) int {
	n = min(max(n, 0), g.cfg.MaxClients)
	g.pacer.setClients(n)
	return n
}

// Clients returns the number of clients.
func (g *Generator) Clients() int { return g.pacer.count() }

// Stop sends no more requests. [Generator.Run] returns when those in flight have
// finished, which takes at most the timeout.
func (g *Generator) Stop() { g.pacer.stop() }

// Stats returns the counts since the generator started.
func (g *Generator) Stats() Stats { return g.history.snapshot() }

// Window sums up the finished requests that were sent at or after from and
// before to. It reaches back over the last 65,536 requests.
func (g *Generator) Window(from, to time.Time) Window { return g.history.window(from, to) }
