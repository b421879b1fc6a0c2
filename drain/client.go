package drain

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// A Client asks members to finish their work. It is safe for concurrent use.
type Client struct {
	cfg  Config
	http *http.Client

	mu     sync.Mutex
	checks []netip.Prefix // the last answer of cfg.Checks
}

// errRedirect refuses to follow a member elsewhere: it could name any server
// that this host reaches.
var errRedirect = errors.New("a member may not redirect")

// New returns a client; it makes no request. The error names everything that is
// wrong with cfg.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configure draining: %w", err)
	}
	return &Client{cfg: cfg, http: &http.Client{
		// Members are asked directly, whatever proxy the environment names.
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            (&net.Dialer{Timeout: cfg.Timeout}).DialContext,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: 8 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
		Timeout:       cfg.Timeout,
	}}, nil
}

// Drain makes the member at an IP address drain from now on for the lease, and
// returns how many connections to its application have not ended. 0 means that it
// may go once the load balancer calls it unhealthy, not before.
// The error of a member without the endpoint wraps ECONNREFUSED.
func (c *Client) Drain(ctx context.Context, address string) (connections int, err error) {
	checks, err := c.knownChecks(ctx)
	if err != nil {
		return 0, fmt.Errorf("drain %s: %w", address, err)
	}
	query := url.Values{"seconds": {strconv.Itoa(int(c.cfg.Lease / time.Second))}, "checks": {joined(checks)}}
	now, err := c.ask(ctx, http.MethodPut, address, "/drain", query)
	if err != nil {
		return 0, fmt.Errorf("drain %s: %w", address, err)
	}
	if !now.draining {
		return 0, fmt.Errorf("drain %s: it does not drain, though it was told to", address)
	}
	return now.connections, nil
}

// Lease returns how long a drain lasts that is not renewed.
func (c *Client) Lease() time.Duration { return c.cfg.Lease }

// Stop tells the application of a member that drains to end, and returns how
// many connections to it have not. An application that ends gracefully answers
// what it was asked and closes the connections that clients keep open; one that
// does not may cut them. It is for a member that will go whatever its connections
// do, shortly before.
func (c *Client) Stop(ctx context.Context, address string) (connections int, err error) {
	now, err := c.ask(ctx, http.MethodPost, address, "/stop", nil)
	if err != nil {
		return 0, fmt.Errorf("stop the application of %s: %w", address, err)
	}
	return now.connections, nil
}

// Resume ends the drain of a member; it does nothing to one that does not drain.
func (c *Client) Resume(ctx context.Context, address string) error {
	now, err := c.ask(ctx, http.MethodDelete, address, "/drain", nil)
	if err != nil {
		return fmt.Errorf("end the drain of %s: %w", address, err)
	}
	if now.draining {
		return fmt.Errorf("end the drain of %s: it drains, though it was told to end that", address)
	}
	return nil
}

// ask sends one request and reads the answer.
func (c *Client) ask(ctx context.Context, method, address, path string, query url.Values) (status, error) {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Zone() != "" || ip.IsUnspecified() || ip.IsMulticast() {
		return status{}, errors.New("not the address of a member")
	}
	host := netip.AddrPortFrom(ip, uint16(c.cfg.Port)).String() //nolint:gosec // G115: validated
	target := url.URL{Scheme: "http", Host: host, Path: path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, target.String(), http.NoBody)
	if err != nil {
		return status{}, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err // Without the query, which names all networks.
		}
		return status{}, err
	}
	defer resp.Body.Close()
	return decode(resp.StatusCode, resp.Body)
}

// askChecks takes a third of the time that is left at most: the member has to be
// asked, too.
func (c *Client) askChecks(ctx context.Context) ([]netip.Prefix, error) {
	timeout := c.cfg.Timeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(deadline)/3)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return c.cfg.Checks(ctx)
}

// knownChecks returns the networks of health checks, as far as they are known.
func (c *Client) knownChecks(ctx context.Context) ([]netip.Prefix, error) {
	checks, err := c.askChecks(ctx)
	if err == nil {
		checks, err = usable(checks)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.checks = checks
	}
	if c.checks == nil {
		return nil, fmt.Errorf("networks of health checks: %w", err)
	}
	return c.checks, nil
}
