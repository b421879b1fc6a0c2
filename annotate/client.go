package annotate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/internal/lograte"
)

// MaxWaiting is how many annotations wait for Grafana at most.
const MaxWaiting = 100

// An Annotation is a mark in graphs.
type Annotation struct {
	At   time.Time
	Text string   // cut after 4 KiB; a line break is one on the dashboard, too
	Tags []string // by which dashboards select it
}

// A Client writes annotations. It is safe for concurrent use.
type Client struct {
	cfg     Config
	http    *http.Client
	target  string
	logger  *slog.Logger  // at most every ten minutes
	wake    chan struct{} // capacity 1: something waits
	results *prometheus.CounterVec

	mu      sync.Mutex
	waiting []Annotation // oldest first
}

// What became of an annotation.
const (
	written = "written"
	lost    = "lost"
)

var errRedirect = errors.New("it redirects: give the address that answers")

// New returns a client; it makes no request. The error names everything that is
// wrong with cfg.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	return newClient(cfg, &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: cfg.Timeout}).DialContext,
		DisableKeepAlives:      true, // resizes are rare
		DisableCompression:     true,
		MaxResponseHeaderBytes: 16 << 10,
	})
}

func newClient(cfg Config, transport http.RoundTripper) (*Client, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configure annotations: %w", err)
	}
	target, err := url.JoinPath(cfg.URL, "api/annotations")
	if err != nil {
		return nil, errors.New("configure annotations: the address cannot be read")
	}
	c := &Client{
		cfg: cfg, target: target, wake: make(chan struct{}, 1),
		logger: lograte.Logger(cfg.Logger, 10*time.Minute),
		http: &http.Client{
			Transport: transport, Timeout: cfg.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
		},
		results: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: cfg.Namespace, Name: "annotations_total", Help: "Annotations for Grafana, by what became of them.",
		}, []string{"outcome"}),
	}
	for _, outcome := range []string{written, lost} {
		c.results.WithLabelValues(outcome)
	}
	if cfg.Registerer != nil {
		if err := cfg.Registerer.Register(c.results); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return c, nil
}

// Add has an annotation written soon. It returns at once.
func (c *Client) Add(a Annotation) {
	c.mu.Lock()
	c.waiting = append(c.waiting, a)
	if surplus := len(c.waiting) - MaxWaiting; surplus > 0 {
		c.waiting = append([]Annotation(nil), c.waiting[surplus:]...)
		c.results.WithLabelValues(lost).Add(float64(surplus))
	}
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default: // it is awake
	}
}

// take returns the oldest that waits.
func (c *Client) take() (Annotation, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		return Annotation{}, false
	}
	a := c.waiting[0]
	c.waiting = c.waiting[1:]
	return a, true
}

// Run writes annotations until ctx ends. Those that wait then are lost. The error is
// always nil.
func (c *Client) Run(ctx context.Context) error {
	for {
		a, ok := c.take()
		if ok {
			c.deliver(ctx, a)
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-c.wake:
		}
	}
}

// deliver writes one annotation, as often as it takes.
func (c *Client) deliver(ctx context.Context, a Annotation) {
	for ctx.Err() == nil {
		err := c.post(ctx, a)
		if err == nil {
			c.results.WithLabelValues(written).Inc()
			return
		}
		if ctx.Err() != nil {
			break
		}
		c.logger.LogAttrs(ctx, slog.LevelWarn, "an annotation was not taken by Grafana", slog.Any("err", err))
		if errors.Is(err, errRefused) {
			break
		}
		timer := time.NewTimer(c.cfg.Retry)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
		if errors.Is(err, errTrouble) && ctx.Err() == nil {
			c.Add(a) // the others pass first
			return
		}
	}
	c.results.WithLabelValues(lost).Inc()
}
