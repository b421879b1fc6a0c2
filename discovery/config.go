package discovery

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/internal/clock"
	"github.com/exopool/exopool/internal/configerr"
)

// A Resolver finds pools by name. ResolvePool blocks on the provider's API; it
// returns an id as it is, without a call. The error wraps [ErrPoolNotFound] if
// there is no such pool.
type Resolver interface {
	ResolvePool(ctx context.Context, nameOrID string) (id string, err error)
}

// Config is what an [Agent] works with. Lister, Pools and File are required.
type Config struct {
	Lister Lister
	// Pools are ids of instance pools; with a Resolver, ids or names.
	Pools    []string
	Resolver Resolver

	// File is the path of the file_sd file. Its directory is created if it is
	// missing.
	File string
	// Port is where exporters listen on members, 1 to 65535; 0 means 9100.
	Port int

	// Labels publishes what the provider says about each member. It costs one
	// more API call for each pool.
	Labels bool
	// LabelPrefix begins the names of these labels; __meta_ if empty, which
	// Prometheus drops after relabelling.
	LabelPrefix string
	// Zone is the value of the zone label.
	Zone string
	// MemberMetrics publishes the age of each target's member, and whether it
	// is healthy behind the load balancer.
	MemberMetrics bool
	// Backends adds what load balancers say to labels and to metrics of
	// members, for one more API call in each refresh; nil leaves it out. It is
	// not called when both are off.
	Backends BackendLister

	// Token is the secret that readers of /targets and /metrics must send, as
	// bearer token, as password of basic authentication, or in the query as
	// "token"; empty means that they need none.
	Token string

	// Interval is the time from the end of one refresh to the next, give or
	// take a tenth so that many agents spread out; at most one minute, 10 s
	// if zero.
	Interval time.Duration
	// Timeout limits one refresh; 30 s if zero.
	Timeout time.Duration
	// MaxAge is how old the last success may be before /readyz fails; 2
	// minutes if zero.
	MaxAge time.Duration
	// ForgetAfter is how long the provider must report that a pool does not
	// exist before its targets are removed: other machines may have the
	// addresses by then. 15 minutes if zero; never if negative.
	ForgetAfter time.Duration
	// AllowLoopback allows targets with loopback addresses, for a provider on
	// this host whose members are processes.
	AllowLoopback bool

	Clock      clock.Clock           // nil: the host's
	Logger     *slog.Logger          // nil: no logs
	Registerer prometheus.Registerer // nil: no metrics
}

// Ranges of the settings.
const (
	MinInterval    = 100 * time.Millisecond
	MaxInterval    = time.Minute // see maxDelay
	MinTimeout     = 100 * time.Millisecond
	MaxTimeout     = time.Minute
	MinMaxAge      = time.Second
	MaxMaxAge      = 24 * time.Hour
	MinForgetAfter = time.Minute
	MaxForgetAfter = 7 * 24 * time.Hour
)

const (
	// maxDelay is the longest wait between two refreshes. With the longest
	// refresh, a change is in the targets within 2 minutes after the provider
	// is back.
	maxDelay = MaxInterval
	// heldInterval is the longest wait while targets are held that the last
	// list lacks, so that a member that is gone leaves within 2 minutes.
	heldInterval = 10 * time.Second
)

// DefaultConfig returns the defaults of all settings that have one.
func DefaultConfig() Config {
	return Config{
		Port: 9100, Interval: 10 * time.Second, Timeout: 30 * time.Second, MaxAge: 2 * time.Minute, ForgetAfter: 15 * time.Minute,
	}
}

// withDefaults returns the configuration with the defaults filled in.
func (cfg Config) withDefaults() Config {
	defaults := DefaultConfig()
	cfg.Port = cmp.Or(cfg.Port, defaults.Port)
	cfg.LabelPrefix = cmp.Or(cfg.LabelPrefix, "__meta_")
	cfg.Interval = cmp.Or(cfg.Interval, defaults.Interval)
	cfg.Timeout = cmp.Or(cfg.Timeout, defaults.Timeout)
	cfg.MaxAge = cmp.Or(cfg.MaxAge, defaults.MaxAge)
	cfg.ForgetAfter = cmp.Or(cfg.ForgetAfter, defaults.ForgetAfter)
	if cfg.Clock == nil {
		cfg.Clock = clock.System{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// Validate reports every setting that is out of its range, and how to correct
// it. Zero is out of range where [DefaultConfig] has a default: [New] fills the
// defaults in first, and checks that Lister, Pools and File are given.
func (cfg Config) Validate() error {
	errs := []error{
		configerr.Between("Port", cfg.Port, 1, 65535),
		configerr.Between("Interval", cfg.Interval, MinInterval, MaxInterval),
		configerr.Between("Timeout", cfg.Timeout, MinTimeout, MaxTimeout),
		configerr.Between("MaxAge", cfg.MaxAge, MinMaxAge, MaxMaxAge),
	}
	if cfg.ForgetAfter >= 0 {
		errs = append(errs, configerr.Between("ForgetAfter", cfg.ForgetAfter, MinForgetAfter, MaxForgetAfter))
	}
	return errors.Join(errs...)
}

// validateRequired reports the fields that are missing.
func (cfg Config) validateRequired() error {
	var errs []error
	for _, required := range []struct {
		field   string
		missing bool
	}{{"Lister", cfg.Lister == nil}, {"Pools", len(cfg.Pools) == 0}, {"File", cfg.File == ""}} {
		if required.missing {
			errs = append(errs, &configerr.Error{Field: required.field, Problem: "is missing", Remedy: "set it"})
		}
	}
	return errors.Join(errs...)
}
