package autoscale

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/budget"
	"github.com/exopool/exopool/internal/clock"
	"github.com/exopool/exopool/internal/configerr"
)

// Config is what a [Loop] needs. Only Pool is required; a field that is zero
// has its default, see [DefaultConfig].
type Config struct {
	Pool     Pool
	PoolName string // the pool's name in logs and decisions
	Zone     string // the zone's name in logs and decisions

	Min  int // minimum size, 1 to [MaxSize]
	Max  int // maximum size, Min to [MaxSize]
	Step int // members added or removed in one turn, 1 to [MaxSize]

	// Policy says how many members there should be, by the load; nil: webhooks do,
	// by Step. With a policy, a webhook for more is a wish for Step members more, and
	// one for fewer changes nothing.
	Policy Policy
	// Signals measure the load for the policy; of several, the largest counts.
	Signals []Signal
	// CPUObjective makes what Meter says of the members that serve a signal, too: it
	// is the CPU use in percent that they are to have, up to 100. 0: it is none.
	CPUObjective float64

	// Schedule sets bounds of the size by the time, within Min and Max; nil: none.
	Schedule Schedule

	// Budget is what the members may cost. With a price, costs are counted.
	Budget budget.Plan

	// Guards keep the size calm.
	Guards Guards

	// StartTimeout is how long a new member may take until it serves; then it
	// counts as failed. [MinInterval] to [MaxStartTimeout].
	StartTimeout time.Duration
	// FailedStarts is how many members in a row may fail to start until the
	// pool stops growing, 1 to [MaxSize].
	FailedStarts int
	// EvictionOrder says which of the members that serve is evicted first.
	EvictionOrder EvictionOrder
	// Meter says how busy members are, which [LeastBusyFirst] needs; nil: they are
	// not measured.
	Meter Meter

	// RepairAfter is how long a member may be unhealthy or failed until it is
	// replaced, up to [MaxStartTimeout]; negative: for ever.
	RepairAfter time.Duration
	// RepairsPerHour is how many members may be replaced in an hour, 1 to
	// [MaxSize].
	RepairsPerHour int
	// RollingChange: members that are outdated are replaced one by one.
	RollingChange bool
	// Drainer lets members finish their work before they are evicted; nil evicts
	// them at once.
	Drainer Drainer
	// DrainTimeout is how long a member may take to finish, [MinInterval] to
	// [MaxExpiry]. Webhooks must not expire meanwhile, so that Expiry has to be
	// longer by two intervals, as its default is.
	DrainTimeout time.Duration
	// StopAfter is how long after the beginning of its drain a member's
	// application is told to end, if connections are left, [MinInterval] to
	// [MaxExpiry]. DrainTimeout or longer: never.
	StopAfter time.Duration

	// Interval is the time from one turn to the next, [MinInterval] to
	// [MaxInterval].
	Interval time.Duration
	// Timeout bounds one turn, [MinTimeout] or longer and shorter than
	// Interval; default 5/6 of Interval.
	Timeout time.Duration
	// Expiry is how long a webhook waits for its turn, Interval to [MaxExpiry];
	// default 5 minutes, or Interval if that is longer.
	Expiry time.Duration
	// Grace is the time that the API call in flight has to finish once Run is
	// told to stop.
	Grace time.Duration

	// DryRun: decide, and never resize the pool.
	DryRun bool

	// StateDir keeps demand and a pause across restarts. One program at a time may use
	// it. Empty: they are kept in memory only. A dry run reads it and writes
	// nothing: a program that resizes the pool goes on from what it has left.
	StateDir string

	// Decided, if it is not nil, gets the record of each turn, which waits for it: it
	// returns at once.
	Decided func(Decision)

	Clock      clock.Clock           // default: the host's
	Logger     *slog.Logger          // default: no logs
	Registerer prometheus.Registerer // default: metrics are not registered
}

// Ranges of the settings.
const (
	// MaxSize is far above the quota of any account: it stops a slip of the
	// finger.
	MaxSize     = 10_000
	MinInterval = 100 * time.Millisecond
	MaxInterval = time.Hour
	MinTimeout  = 10 * time.Millisecond
	MaxExpiry   = 24 * time.Hour
	// MaxStartTimeout is far above what any machine takes to boot.
	MaxStartTimeout = 24 * time.Hour
)

const defaultExpiry = 5 * time.Minute

// DefaultConfig returns the defaults of all settings that have one. Timeout and
// Expiry are zero, because their defaults follow from Interval.
func DefaultConfig() Config {
	return Config{
		Min: 1, Max: 10, Step: 1, Interval: time.Minute, Grace: 10 * time.Second,
		StartTimeout: 10 * time.Minute, FailedStarts: 3, EvictionOrder: NewestFirst,
		RepairAfter: 10 * time.Minute, RepairsPerHour: 3,
		DrainTimeout: 3 * time.Minute, StopAfter: 2 * time.Minute,
		Budget: budget.Plan{Period: budget.Month, Soft: budget.DefaultSoft},
	}
}

// policy returns the policy that is asked.
func (cfg Config) policy() Policy {
	if cfg.Policy != nil {
		return cfg.Policy
	}
	return byStep{step: cfg.Step}
}

// turnStep returns by how many members the size may change in one turn. A policy
// knows how far to go.
func (cfg Config) turnStep() int {
	if cfg.Policy != nil {
		return MaxSize
	}
	return cfg.Step
}

// withDefaults returns the configuration with the defaults filled in.
func (cfg Config) withDefaults() Config {
	defaults := DefaultConfig()
	cfg.Min = cmp.Or(cfg.Min, defaults.Min)
	cfg.Max = cmp.Or(cfg.Max, max(defaults.Max, cfg.Min))
	cfg.Step = cmp.Or(cfg.Step, defaults.Step)
	cfg.StartTimeout = cmp.Or(cfg.StartTimeout, defaults.StartTimeout)
	cfg.FailedStarts = cmp.Or(cfg.FailedStarts, defaults.FailedStarts)
	cfg.EvictionOrder = cmp.Or(cfg.EvictionOrder, defaults.EvictionOrder)
	cfg.RepairAfter = cmp.Or(cfg.RepairAfter, defaults.RepairAfter)
	cfg.RepairsPerHour = cmp.Or(cfg.RepairsPerHour, defaults.RepairsPerHour)
	cfg.StopAfter = cmp.Or(cfg.StopAfter, defaults.StopAfter)
	cfg.DrainTimeout = cmp.Or(cfg.DrainTimeout, defaults.DrainTimeout)
	cfg.Interval = cmp.Or(cfg.Interval, defaults.Interval)
	cfg.Timeout = cmp.Or(cfg.Timeout, cfg.Interval*5/6)
	if cfg.Drainer != nil {
		cfg.Expiry = cmp.Or(cfg.Expiry, max(defaultExpiry, cfg.DrainTimeout+2*cfg.Interval))
	}
	cfg.Expiry = cmp.Or(cfg.Expiry, max(defaultExpiry, cfg.Interval))
	cfg.Grace = cmp.Or(cfg.Grace, defaults.Grace)
	if cfg.Clock == nil {
		cfg.Clock = clock.System{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// Validate reports every setting that is out of its range, and how to correct it.
// A zero that stands for a default is out of range, except in Timeout, Expiry
// and Grace: start from [DefaultConfig]. [New] fills in the defaults first, and
// also checks that there is a pool, and a meter if the order of eviction needs it.
func (cfg Config) Validate() error {
	errs := []error{
		configerr.Between("Min", cfg.Min, 1, MaxSize),
		configerr.Between("Max", cfg.Max, 1, MaxSize),
		configerr.Between("Step", cfg.Step, 1, MaxSize),
		configerr.Between("Interval", cfg.Interval, MinInterval, MaxInterval),
		configerr.Between("StartTimeout", cfg.StartTimeout, MinInterval, MaxStartTimeout),
		configerr.Between("RepairAfter", cfg.RepairAfter, -MaxStartTimeout, MaxStartTimeout),
		configerr.Between("RepairsPerHour", cfg.RepairsPerHour, 1, MaxSize),
		configerr.Between("FailedStarts", cfg.FailedStarts, 1, MaxSize),
		cfg.Guards.validate(), cfg.validateBudget(),
		configerr.Between("CPUObjective", cfg.CPUObjective, 0, 100),
	}
	if errs[3] == nil && cfg.Drainer != nil {
		errs = append(errs, cfg.validateDrainTimeout())
	}
	if !slices.Contains([]EvictionOrder{NewestFirst, OldestFirst, LeastBusyFirst}, cfg.EvictionOrder) {
		errs = append(errs, &configerr.Error{
			Field: "EvictionOrder", Problem: fmt.Sprintf("is %q", cfg.EvictionOrder),
			Remedy: fmt.Sprintf("set it to %s, %s or %s", NewestFirst, OldestFirst, LeastBusyFirst),
		})
	}
	if errs[0] == nil && errs[1] == nil && cfg.Max < cfg.Min {
		errs = append(errs, &configerr.Error{
			Field: "Max", Problem: fmt.Sprintf("is %d, below the minimum of %d", cfg.Max, cfg.Min), Remedy: "raise it or lower the minimum",
		})
	}
	if errs[3] == nil {
		errs = append(errs, cfg.validateTimeout(), cfg.validateExpiry())
	}
	if cfg.Grace < 0 {
		errs = append(errs, &configerr.Error{Field: "Grace", Problem: fmt.Sprintf("is %s", cfg.Grace), Remedy: "set it to 0s or longer"})
	}
	return errors.Join(errs...)
}

func (cfg Config) validateTimeout() error {
	if cfg.Timeout == 0 || MinTimeout <= cfg.Timeout && cfg.Timeout < cfg.Interval {
		return nil
	}
	return &configerr.Error{
		Field: "Timeout", Problem: fmt.Sprintf("is %s", cfg.Timeout),
		Remedy: fmt.Sprintf("set it to %s or longer, and shorter than the interval of %s", MinTimeout, cfg.Interval),
	}
}

func (cfg Config) validateDrainTimeout() error {
	if err := errors.Join(
		configerr.Between("DrainTimeout", cfg.DrainTimeout, MinInterval, MaxExpiry),
		configerr.Between("StopAfter", cfg.StopAfter, MinInterval, MaxExpiry),
	); err != nil {
		return err
	}
	if cfg.Expiry == 0 || cfg.DrainTimeout+2*cfg.Interval <= cfg.Expiry {
		return nil
	}
	return &configerr.Error{
		Field: "Expiry", Problem: fmt.Sprintf("is %s, too short for drains of %s", cfg.Expiry, cfg.DrainTimeout),
		Remedy: fmt.Sprintf("set it to %s or longer", cfg.DrainTimeout+2*cfg.Interval),
	}
}

func (cfg Config) validateExpiry() error {
	if cfg.Expiry == 0 || cfg.Interval <= cfg.Expiry && cfg.Expiry <= MaxExpiry {
		return nil
	}
	return &configerr.Error{
		Field: "Expiry", Problem: fmt.Sprintf("is %s", cfg.Expiry),
		Remedy: fmt.Sprintf("set it to the interval of %s or longer, and to %s at most", cfg.Interval, MaxExpiry),
	}
}
