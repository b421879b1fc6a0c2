package notifier

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
)

// A Notifier sends webhooks for as long as alerts fire.
type Notifier struct {
	cfg    Config
	base   *url.URL
	client *http.Client
	groups []*group

	mu     sync.Mutex
	counts map[string]Counts
}

// Counts says how deliveries of one direction ended.
type Counts struct {
	Delivered int // answered 2xx
	Failed    int // attempts that got another answer or none
}

// New returns a notifier without firing alerts. The error has every fault of the
// configuration.
func New(cfg Config) (*Notifier, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configure the notifier: %w", err)
	}
	cfg = cfg.withDefaults()
	base, err := receiver(cfg.URL)
	if err != nil {
		return nil, err
	}
	n := &Notifier{
		cfg:  cfg,
		base: base,
		client: &http.Client{
			Transport: cfg.Transport,
			// A redirected POST turns into a GET: a redirect is a failure.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		counts: map[string]Counts{},
	}
	for _, r := range routes() {
		n.groups = append(n.groups, newGroup(r, cfg, n.deliver))
	}
	return n, nil
}

// Update replaces the firing alerts: firing has all of them, in any order, and
// is empty when there are none. Update does not wait for deliveries. The caller
// must not change the alerts afterwards.
func (n *Notifier) Update(_ context.Context, firing []Alert) {
	for _, g := range n.groups {
		g.update(firing)
	}
}

// Run delivers until ctx ends, which abandons a delivery in progress. The error
// is always nil.
func (n *Notifier) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for _, g := range n.groups {
		running.Go(func() { g.run(ctx) })
	}
	running.Wait()
	n.client.CloseIdleConnections()
	return nil
}

// Counts returns how many webhooks of a direction, "up" or "down", were
// delivered and how many attempts failed.
func (n *Notifier) Counts(direction string) Counts {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.counts[direction]
}
