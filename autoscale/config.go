package autoscale

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/internal/clock"
)

// Config is what a [Loop] needs. Only Pool is required; the zero value of
// every other field means its default.
type Config struct {
	Pool     Pool
	PoolName string // how logs and decisions call the pool
	Zone     string // likewise

	Min  int // fewest members to leave; default 1
	Max  int // most members to ask for; default 10
	Step int // members to add or remove at a time; default 1

	Interval time.Duration // from one turn to the next; default 60 s
	Timeout  time.Duration // of one turn, shorter than Interval; default 5/6 of it
	Expiry   time.Duration // how long a webhook waits for its turn, Interval or longer; default 5 min
	Grace    time.Duration // for the API call in flight when Run is told to stop; default 10 s

	// DryRun: decide and tell, but never resize the pool.
	DryRun bool

	// StateDir keeps demand and a pause across restarts. One program at a time may use
	// it. Empty: they are kept in memory only.
	StateDir string

	Clock      clock.Clock           // default: the host's
	Logger     *slog.Logger          // default: no logs
	Registerer prometheus.Registerer // default: metrics are not registered
}

const (
	defaultMin      = 1
	defaultMax      = 10
	defaultStep     = 1
	defaultInterval = time.Minute
	defaultExpiry   = 5 * time.Minute
	defaultGrace    = 10 * time.Second
)

func (c Config) withDefaults() Config {
	c.Min = orDefault(c.Min, defaultMin)
	c.Max = orDefault(c.Max, max(defaultMax, c.Min))
	c.Step = orDefault(c.Step, defaultStep)
	c.Interval = orDefault(c.Interval, defaultInterval)
	c.Timeout = orDefault(c.Timeout, c.Interval*5/6)
	c.Expiry = orDefault(c.Expiry, max(defaultExpiry, c.Interval))
	c.Grace = orDefault(c.Grace, defaultGrace)
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func orDefault[T int | time.Duration](value, fallback T) T {
	if value == 0 {
		return fallback
	}
	return value
}

// policy builds the policy and checks every setting. The error names all
// settings that are wrong, with the remedy for each.
func (c Config) policy() (Policy, error) {
	var errs []error
	if c.Pool == nil {
		errs = append(errs, errors.New("no pool is given: set Pool"))
	}
	byStep := ByStep{step: c.Step} // whose step NewLimits checks
	limited, err := NewLimits(byStep, c.Step, c.Min, c.Max)
	errs = append(errs, err)
	if c.Interval < 0 {
		errs = append(errs, fmt.Errorf("interval is %s: set it to more than zero", c.Interval))
	}
	if c.Interval > 0 && (c.Timeout <= 0 || c.Timeout >= c.Interval) {
		errs = append(errs, fmt.Errorf("timeout is %s: set it to more than zero and less than the interval of %s", c.Timeout, c.Interval))
	}
	if c.Expiry < c.Interval {
		errs = append(errs, fmt.Errorf("expiry is %s: set it to the interval of %s or more, or webhooks expire before their turn", c.Expiry, c.Interval))
	}
	if c.Grace < 0 {
		errs = append(errs, fmt.Errorf("grace is %s: set it to more than zero", c.Grace))
	}
	return limited, errors.Join(errs...)
}
