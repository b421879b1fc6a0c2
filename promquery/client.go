package promquery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/api"
	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// maxAnswer is the largest answer that is read, in bytes: about 150 for each of
// more members than any pool has.
const maxAnswer = 4 << 20

// A Client asks one server one query. It is safe for concurrent use.
type Client struct {
	cfg    Config
	server string // without what else the address may say
	api    prometheus.API
}

// errRedirect refuses to follow the server elsewhere: it could name any other
// that this host reaches.
var errRedirect = errors.New("it redirects: give the address that answers")

// New returns a client; it makes no request. The error names everything that is
// wrong with cfg.
func New(cfg Config) (*Client, error) {
	return newClient(cfg, &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: cfg.withDefaults().Timeout}).DialContext,
		DisableKeepAlives:      true, // it would idle until the next turn
		DisableCompression:     true,
		MaxResponseHeaderBytes: 16 << 10,
	})
}

func newClient(cfg Config, transport http.RoundTripper) (*Client, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configure queries: %w", err)
	}
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, errors.New("configure queries: the address cannot be read")
	}
	client, err := api.NewClient(api.Config{Address: cfg.URL, Client: &http.Client{
		Transport:     bounded{transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
	}})
	if err != nil {
		return nil, errors.New("configure queries: the address cannot be read")
	}
	return &Client{cfg: cfg, server: u.Host, api: prometheus.NewAPI(client)}, nil
}

// query returns the result of the query now.
func (c *Client) query(ctx context.Context) (model.Value, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	// The time of a result is that of the query; only the server knows how old the
	// samples are that it comes from, and leaves out those that are too old.
	value, _, _, err := c.api.Query(ctx, c.cfg.Query, time.Time{},
		prometheus.WithTimeout(c.cfg.Timeout), prometheus.WithLookbackDelta(c.cfg.MaxAge))
	if err != nil {
		return nil, fmt.Errorf("query Prometheus at %s: %w", c.server, plain(err))
	}
	return value, nil
}

// plain returns the error without the address of the request, and with no more of
// the server's words than fit into a line.
func plain(err error) error {
	var tooLong *http.MaxBytesError
	var answered *prometheus.Error
	var failed *url.Error
	switch {
	case errors.As(err, &tooLong):
		return fmt.Errorf("it answers more than %d bytes", tooLong.Limit)
	case errors.As(err, &answered):
		return fmt.Errorf("it answers %.200q", answered.Error())
	case errors.As(err, &failed):
		return failed.Err
	default:
		return err
	}
}

// bounded is a transport whose answers end with an error if they are too long.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswer)
	return resp, nil
}
