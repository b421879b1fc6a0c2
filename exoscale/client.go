package exoscale

import (
	"fmt"
	"net/http"

	egoscale "github.com/exoscale/egoscale/v2"
)

// A Client calls the API of one zone. It is safe for concurrent use.
type Client struct {
	api   *egoscale.Client
	conf  Config
	limit *rateLimit
}

// New returns a client; it makes no call. The error names every fault of
// conf, or says that its metrics are registered already.
func New(conf Config) (*Client, error) {
	if err := conf.validate(); err != nil {
		return nil, fmt.Errorf("configure the Exoscale client: %w", err)
	}
	conf = conf.withDefaults()
	base, err := conf.baseURL()
	if err != nil {
		return nil, err
	}
	m, err := newMetrics(conf.Registerer)
	if err != nil {
		return nil, fmt.Errorf("register the API metrics: %w", err)
	}
	caller := newCaller(conf, m)
	// Egoscale wraps the transport of the client it is given, so nobody else
	// may use this one.
	api, err := egoscale.NewClient(conf.Key, conf.Secret,
		egoscale.ClientOptWithAPIEndpoint(base),
		egoscale.ClientOptWithHTTPClient(&http.Client{
			Transport:     caller,
			CheckRedirect: stay,
		}))
	if err != nil {
		return nil, fmt.Errorf("set up the Exoscale client: %w", err)
	}
	return &Client{api: api, conf: conf, limit: &caller.once.limit}, nil
}

// stay keeps signed requests from being sent where an answer points to.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
