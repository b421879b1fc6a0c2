package exoscale

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/internal/configerr"
)

// Config says how to reach the API. Key, Secret and Zone are required; every
// other field has a useful zero value, see [DefaultConfig].
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

	// Remedies end the errors of common causes.
	Remedies Remedies

	// Timeout limits one attempt, including its body.
	Timeout time.Duration
	// Retries is how often a failed attempt is repeated, at most 10; never when
	// negative.
	Retries int
	// PollInterval is the time between two reads of a running operation.
	PollInterval time.Duration
	// OperationTimeout limits the wait for an operation.
	OperationTimeout time.Duration

	// Transport sends the requests; nil means a new one with the standard
	// library's settings, including proxies from the environment.
	Transport http.RoundTripper
	// Registerer registers the metrics, unless it is nil.
	Registerer prometheus.Registerer
	// Logger logs repeated attempts, at debug level; nil means no logs.
	Logger *slog.Logger
}

// Remedies are what to do about errors, in the words of the program: its users
// change settings, whose names this package does not know. Empty ones are
// general.
type Remedies struct {
	Unauthorized string // with [ErrUnauthorized]
	Unreachable  string // with [ErrUnreachable]
	PoolNotFound string // with [autoscale.ErrPoolNotFound], for a pool given by its id
}

func (r Remedies) withDefaults() Remedies {
	return Remedies{
		Unauthorized: cmp.Or(r.Unauthorized, "check the key, its secret and its role"),
		Unreachable:  cmp.Or(r.Unreachable, "check the zone, the endpoint and the network"),
		PoolNotFound: cmp.Or(r.PoolNotFound, "check the id of the pool and the zone"),
	}
}

const maxRetries = 10

// DefaultConfig returns the defaults of all settings that have one.
func DefaultConfig() Config {
	return Config{Timeout: 10 * time.Second, Retries: 3, PollInterval: 3 * time.Second, OperationTimeout: 2 * time.Minute}
}

// withDefaults returns the configuration with defaults filled in.
func (cfg Config) withDefaults() Config {
	defaults := DefaultConfig()
	cfg.Timeout = cmp.Or(cfg.Timeout, defaults.Timeout)
	cfg.Retries = max(cmp.Or(cfg.Retries, defaults.Retries), 0)
	cfg.PollInterval = cmp.Or(cfg.PollInterval, defaults.PollInterval)
	cfg.OperationTimeout = cmp.Or(cfg.OperationTimeout, defaults.OperationTimeout)
	cfg.Remedies = cfg.Remedies.withDefaults()
	if cfg.Transport == nil {
		cfg.Transport = newTransport()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// newTransport returns a transport that shares no connection with others.
func newTransport() http.RoundTripper {
	if t, ok := http.DefaultTransport.(*http.Transport); ok {
		return t.Clone()
	}
	return &http.Transport{Proxy: http.ProxyFromEnvironment}
}

// validate reports all faults, as [configerr.Error]. It never repeats a credential.
func (cfg Config) validate() error {
	var errs []error
	for _, credential := range []struct{ field, value string }{{"Key", cfg.Key}, {"Secret", cfg.Secret}} {
		switch {
		case credential.value == "":
			errs = append(errs, &configerr.Error{Field: credential.field, Problem: "is missing", Remedy: "set it to that of an API key"})
		case strings.ContainsFunc(credential.value, unfitForHeader):
			errs = append(errs, &configerr.Error{
				Field: credential.field, Problem: "contains white space, a comma or a control character", Remedy: "copy it again",
			})
		}
	}
	if !isZone(cfg.Zone) {
		errs = append(errs, &configerr.Error{Field: "Zone", Problem: fmt.Sprintf("is %q", cfg.Zone), Remedy: "set it to a name such as at-vie-1"})
	}
	if _, err := cfg.baseURL(); err != nil {
		errs = append(errs, err)
	}
	if cfg.Retries > maxRetries {
		errs = append(errs, &configerr.Error{Field: "Retries", Problem: fmt.Sprintf("is %d", cfg.Retries), Remedy: fmt.Sprintf("set it to at most %d", maxRetries)})
	}
	for _, limit := range []struct {
		field string
		value time.Duration
	}{{"Timeout", cfg.Timeout}, {"PollInterval", cfg.PollInterval}, {"OperationTimeout", cfg.OperationTimeout}} {
		if limit.value < 0 {
			errs = append(errs, &configerr.Error{Field: limit.field, Problem: fmt.Sprintf("is %s", limit.value), Remedy: "set it to a positive duration"})
		}
	}
	return errors.Join(errs...)
}

const exampleEndpoint = "set it to an address such as http://127.0.0.1:8929/v2"

// baseURL returns where all requests go, without a slash at the end. The path
// is signed, so it is kept as the endpoint has it.
func (cfg Config) baseURL() (string, error) {
	if cfg.Endpoint == "" {
		return "https://api-" + cfg.Zone + ".exoscale.com/v2", nil
	}
	u, err := url.Parse(cfg.Endpoint)
	switch {
	case err != nil:
		// The cause repeats the address, which may carry a password.
		return "", &configerr.Error{Field: "Endpoint", Problem: "is no web address", Remedy: exampleEndpoint}
	case u.User != nil:
		return "", &configerr.Error{Field: "Endpoint", Problem: "contains a user name or password", Remedy: exampleEndpoint}
	case (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return "", &configerr.Error{Field: "Endpoint", Problem: fmt.Sprintf("is %q", cfg.Endpoint), Remedy: exampleEndpoint}
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
