package exoscale

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"
)

// Config says how to reach the API. Key, Secret and Zone are required; every
// other field has a useful zero value.
type Config struct {
	Key    string
	Secret string
	Zone   string // name, such as at-vie-1

	// Endpoint is another address of the API, such as
	// http://127.0.0.1:8929/v2. No request goes anywhere else. When empty,
	// the zone's own address is used.
	Endpoint string

	// ReadOnly refuses, before anything is sent, every call that could change
	// something in the account.
	ReadOnly bool

	// Timeout limits one attempt, its body included; 10 s when zero.
	Timeout time.Duration
	// Retries is how often a failed attempt is repeated, at most 10; 3 when
	// zero, never when negative.
	Retries int
	// PollInterval is the time between two looks at a running operation;
	// 3 s when zero.
	PollInterval time.Duration
	// OperationTimeout limits the wait for an operation; 2 min when zero.
	OperationTimeout time.Duration

	// Transport carries the requests; nil means one of its own with the
	// standard library's settings, proxies from the environment included.
	Transport http.RoundTripper
	// Registerer receives the metrics; nil means that nobody reads them.
	Registerer prometheus.Registerer
	// Logger hears of repeated attempts, at debug level; nil means silence.
	Logger *slog.Logger
}

const (
	defaultTimeout          = 10 * time.Second
	defaultRetries          = 3
	maxRetries              = 10
	defaultPollInterval     = 3 * time.Second
	defaultOperationTimeout = 2 * time.Minute
)

// withDefaults fills what was left out.
func (c Config) withDefaults() Config {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	switch {
	case c.Retries == 0:
		c.Retries = defaultRetries
	case c.Retries < 0:
		c.Retries = 0
	}
	if c.PollInterval == 0 {
		c.PollInterval = defaultPollInterval
	}
	if c.OperationTimeout == 0 {
		c.OperationTimeout = defaultOperationTimeout
	}
	if c.Transport == nil {
		c.Transport = newTransport()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// newTransport returns a transport that shares no connection with others.
func newTransport() http.RoundTripper {
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		return t.Clone()
	}
	return &http.Transport{Proxy: http.ProxyFromEnvironment}
}

// validate reports all faults together. It never repeats a credential.
func (c Config) validate() error {
	var faults []error
	for _, credential := range []struct{ name, value string }{{"key", c.Key}, {"secret", c.Secret}} {
		switch {
		case credential.value == "":
			faults = append(faults, fmt.Errorf("the API %s is missing", credential.name))
		case strings.ContainsFunc(credential.value, unfitForHeader):
			faults = append(faults, fmt.Errorf("the API %s contains white space, a comma or a control character", credential.name))
		}
	}
	if !isZone(c.Zone) {
		faults = append(faults, fmt.Errorf("zone %q is not a zone name such as at-vie-1", c.Zone))
	}
	if _, err := c.baseURL(); err != nil {
		faults = append(faults, err)
	}
	if c.Retries > maxRetries {
		faults = append(faults, fmt.Errorf("%d retries are more than %d", c.Retries, maxRetries))
	}
	for _, limit := range []struct {
		name  string
		value time.Duration
	}{{"timeout", c.Timeout}, {"poll interval", c.PollInterval}, {"operation timeout", c.OperationTimeout}} {
		if limit.value < 0 {
			faults = append(faults, fmt.Errorf("the %s %s is negative", limit.name, limit.value))
		}
	}
	return errors.Join(faults...)
}

// baseURL returns where all requests go, without a slash at the end. The path
// is signed, so it is kept as the endpoint names it.
func (c Config) baseURL() (string, error) {
	if c.Endpoint == "" {
		return "https://api-" + c.Zone + ".exoscale.com/v2", nil
	}
	u, err := url.Parse(c.Endpoint)
	switch {
	case err != nil:
		// The cause repeats the address, which may carry a password.
		return "", errors.New("the API endpoint is not a web address")
	case u.User != nil:
		return "", errors.New("the API endpoint must not contain a user name or password")
	case (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("API endpoint %q is not like http://127.0.0.1:8929/v2", c.Endpoint)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	if !strings.HasSuffix(u.Path, "/v2") {
		u.Path += "/v2"
	}
	return u.String(), nil
}

// isZone reports whether s may stand in a host name as a zone.
func isZone(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	})
}

func unfitForHeader(r rune) bool {
	return r == ',' || unicode.IsSpace(r) || unicode.IsControl(r)
}
