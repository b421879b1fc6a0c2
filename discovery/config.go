package discovery

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/internal/clock"
	"github.com/exopool/exopool/internal/config"
)

// A Resolver finds a pool by its name. It blocks on the provider's API; for
// something that already is an id it returns that id and makes no call. The
// error wraps [ErrPoolNotFound] when there is no such pool.
type Resolver interface {
	ResolvePool(ctx context.Context, nameOrID string) (id string, err error)
}

// Config is what an [Agent] works with. Lister, Pools and File are required.
type Config struct {
	Lister Lister
	// Pools are ids of instance pools; with a Resolver, ids or names.
	Pools    []string
	Resolver Resolver

	// File is the path of the file_sd file. Its directory is made when it is
	// missing.
	File string
	// Port is where exporters listen on members, 1 to 65535; 0 means 9100.
	Port int

	// Labels publishes what the provider says of each member. It costs one
	// more API call for each pool.
	Labels bool
	// Zone is the value of the zone label.
	Zone string
	// MemberMetrics publishes of each target how old the member is and
	// whether it is healthy behind the load balancer.
	MemberMetrics bool
	// Backends adds what load balancers say to labels and to metrics of
	// members, for one more API call in each refresh; nil means that nothing
	// is known of it. It is not asked when both are off.
	Backends BackendLister

	// Token is the secret that readers of /targets and /metrics must bring, as
	// bearer token, as the password of basic authentication, or in the query as
	// "token"; empty lets everyone in.
	Token string

	// Interval is the time from the end of one refresh to the next, give or
	// take a tenth so that many agents spread out; 0 means 10 s, at most one
	// minute.
	Interval time.Duration
	// Timeout bounds one refresh; 0 means 30 s.
	Timeout time.Duration
	// MaxAge is how old the last success may be before /readyz is bad; 0
	// means 2 minutes.
	MaxAge time.Duration
	// ForgetAfter is for how long the provider must have said that a pool
	// does not exist before its targets go: somebody else may have the
	// addresses by then. 0 means 15 minutes; with a negative one they stay.
	ForgetAfter time.Duration
	// AllowLoopback lets loopback addresses be targets, for a provider on
	// this computer whose members are its processes.
	AllowLoopback bool

	Clock      clock.Clock           // nil: the host's
	Logger     *slog.Logger          // nil: silence
	Registerer prometheus.Registerer // nil: metrics that nobody sees
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
	// maxDelay is the longest wait between two refreshes: together with the
	// longest refresh it leaves a change in the targets within 2 minutes
	// after the provider came back.
	maxDelay = MaxInterval
	// recheck is the longest wait while targets are held that the last list
	// lacks, so that one that is really gone leaves within those 2 minutes.
	recheck = 10 * time.Second
)

// DefaultConfig returns the defaults of all settings that have one.
func DefaultConfig() Config {
	return Config{Port: 9100, Interval: 10 * time.Second, Timeout: 30 * time.Second, MaxAge: 2 * time.Minute, ForgetAfter: 15 * time.Minute}
}

// withDefaults returns the configuration with the defaults filled in.
func (c Config) withDefaults() Config {
	defaults := DefaultConfig()
	c.Port = cmp.Or(c.Port, defaults.Port)
	c.Interval = cmp.Or(c.Interval, defaults.Interval)
	c.Timeout = cmp.Or(c.Timeout, defaults.Timeout)
	c.MaxAge = cmp.Or(c.MaxAge, defaults.MaxAge)
	c.ForgetAfter = cmp.Or(c.ForgetAfter, defaults.ForgetAfter)
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Validate reports every setting that is out of its range, and how to mend it.
// It takes zero as a value where [DefaultConfig] has another one: [New] fills
// the defaults in before. Whether Lister, Pools and File are given is for New to
// say.
func (c Config) Validate() error {
	errs := []error{
		config.Between("Port", c.Port, 1, 65535),
		config.Between("Interval", c.Interval, MinInterval, MaxInterval),
		config.Between("Timeout", c.Timeout, MinTimeout, MaxTimeout),
		config.Between("MaxAge", c.MaxAge, MinMaxAge, MaxMaxAge),
	}
	if c.ForgetAfter >= 0 {
		errs = append(errs, config.Between("ForgetAfter", c.ForgetAfter, MinForgetAfter, MaxForgetAfter))
	}
	return errors.Join(errs...)
}

// validateRequired reports what is missing.
func (c Config) validateRequired() error {
	var errs []error
	if c.Lister == nil {
		errs = append(errs, errors.New("a lister is missing"))
	}
	if len(c.Pools) == 0 {
		errs = append(errs, errors.New("no pool is given"))
	}
	if c.File == "" {
		errs = append(errs, errors.New("no file is given"))
	}
	return errors.Join(errs...)
}
