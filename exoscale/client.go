package exoscale

import (
	"fmt"
	"net/http"

	egoscale "github.com/exoscale/egoscale/v2"
)

// A Client calls the API of one zone. It is safe for concurrent use.
type Client struct {
	api   *egoscale.Client
	cfg   Config
	limit *rateLimit
}

// New returns a client; it makes no call. The error names everything that is
// wrong with cfg, or says that its metrics are registered already.
func New(cfg Config) (*Client, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("configure the Exoscale client: %w", err)
	}
	cfg = cfg.withDefaults()
	base, err := cfg.baseURL()
	if err != nil {
		return nil, err
	}
	m, err := newMetrics(cfg.Registerer)
	if err != nil {
		return nil, fmt.Errorf("register the API metrics: %w", err)
	}
	caller := newCaller(cfg, m)
	// Egoscale wraps the transport of the client it is given, so this one
	// must not be used by anything else.
	api, err := egoscale.NewClient(cfg.Key, cfg.Secret,
		egoscale.ClientOptWithAPIEndpoint(base),
		egoscale.ClientOptWithHTTPClient(&http.Client{
			Transport:     caller,
			CheckRedirect: refuseRedirect,
		}))
	if err != nil {
		return nil, fmt.Errorf("set up the Exoscale client: %w", err)
	}
	return &Client{api: api, cfg: cfg, limit: &caller.once.limit}, nil
}

// refuseRedirect keeps signed requests from being sent elsewhere.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
