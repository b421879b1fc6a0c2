package replay

import (
	"errors"
	"time"

	"github.com/exopool/exopool/internal/configerr"
)

// Config is the model in which a trace is replayed.
type Config struct {
	// Peak is how many members the peak of the trace takes at the objective, 0.1 to
	// [MaxMembers].
	Peak float64
	// Objective is the CPU use up to which a member serves as it should, 0.05 to 1.
	Objective float64
	// Boot is how long a new member takes until it serves, up to [MaxBoot], in whole
	// seconds.
	Boot time.Duration
	// Interval is the time from one turn to the next, [MinInterval] to [MaxInterval],
	// in whole seconds.
	Interval time.Duration
	Min, Max int // bounds of the size, 1 to [MaxMembers]
	// FailedStarts is the share of new members that never serve, 0 to 1.
	FailedStarts float64
	Seed         uint64 // which of the new members these are
	Samples      int    // that a timeline has at most, 1 to [MaxSamples]
}

// Ranges of the settings.
const (
	MaxMembers  = 10_000
	MaxBoot     = 2 * time.Hour
	MinInterval = 10 * time.Second
	MaxInterval = time.Hour
	MaxSamples  = 100_000
)

// DefaultConfig returns the model of the scoreboard.
func DefaultConfig() Config {
	return Config{Peak: 20, Objective: 0.8, Boot: 2 * time.Minute, Interval: time.Minute, Min: 1, Max: 40, Seed: 1, Samples: 600}
}

// Validate reports every setting that is out of its range.
func (cfg Config) Validate() error {
	errs := []error{
		configerr.Between("Peak", cfg.Peak, 0.1, MaxMembers),
		configerr.Between("Objective", cfg.Objective, 0.05, 1),
		configerr.Between("Boot", cfg.Boot, 0, MaxBoot),
		configerr.Between("Interval", cfg.Interval, MinInterval, MaxInterval),
		configerr.Between("Min", cfg.Min, 1, MaxMembers),
		configerr.Between("Max", cfg.Max, 1, MaxMembers),
		configerr.Between("FailedStarts", cfg.FailedStarts, 0, 1),
		configerr.Between("Samples", cfg.Samples, 1, MaxSamples),
	}
	if cfg.Max < cfg.Min {
		errs = append(errs, &configerr.Error{Field: "Max", Problem: "is below the minimum", Remedy: "raise it or lower the minimum"})
	}
	for field, d := range map[string]time.Duration{"Boot": cfg.Boot, "Interval": cfg.Interval} {
		if d%time.Second != 0 {
			errs = append(errs, &configerr.Error{Field: field, Problem: "is no whole number of seconds", Remedy: "leave out the fraction"})
		}
	}
	return errors.Join(errs...)
}

// tick returns the time from one step of the model to the next: ten seconds, or
// less if boot time or interval are no multiples of that.
func (cfg Config) tick() time.Duration {
	a := evaluation
	for _, b := range []time.Duration{cfg.Boot, cfg.Interval} {
		for b != 0 {
			a, b = b, a%b
		}
	}
	return a
}
