package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/internal/clock"
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

const (
	defaultPort     = 9100
	defaultInterval = 10 * time.Second
	defaultTimeout  = 30 * time.Second
	defaultMaxAge   = 2 * time.Minute
	defaultForget   = 15 * time.Minute

	// maxDelay is the longest wait between two refreshes: together with the
	// longest refresh it leaves a change in the targets within 2 minutes
	// after the provider came back.
	maxDelay = time.Minute
	// recheck is the longest wait while targets are held that the last list
	// lacks, so that one that is really gone leaves within those 2 minutes.
	recheck = 10 * time.Second
)

// withDefaults returns a complete configuration, or all that is wrong.
func (c Config) withDefaults() (Config, error) {
	var errs []error
	if c.Lister == nil {
		errs = append(errs, errors.New("a lister is missing"))
	}
	if len(c.Pools) == 0 {
		errs = append(errs, errors.New("no pool is named"))
	}
	if c.File == "" {
		errs = append(errs, errors.New("no file is named"))
	}
	if c.Port < 0 || c.Port > 65535 {
		errs = append(errs, fmt.Errorf("port %d is not from 1 to 65535", c.Port))
	}
	if c.Interval < 0 || c.Interval > maxDelay {
		errs = append(errs, fmt.Errorf("interval %s is not up to %s", c.Interval, maxDelay))
	}
	if c.Timeout < 0 || c.MaxAge < 0 {
		errs = append(errs, errors.New("a duration is negative"))
	}
	setDefault(&c.Port, defaultPort)
	setDefault(&c.Interval, defaultInterval)
	setDefault(&c.Timeout, defaultTimeout)
	setDefault(&c.MaxAge, defaultMaxAge)
	setDefault(&c.ForgetAfter, defaultForget)
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, errors.Join(errs...)
}

func setDefault[T comparable](value *T, def T) {
	var zero T
	if *value == zero {
		*value = def
	}
}
