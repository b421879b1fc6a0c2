package promserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/internal/rehearsal/notifier"
)

// Config configures a [Server]. Dir, Files and TargetsFile are required.
type Config struct {
	Dir         string // for the time series database; made if missing
	Files       fs.FS  // the root of the monitoring machine
	TargetsFile string // file_sd JSON, name ending in .json; may not exist yet, its directory must
	// Addresses are the targets of jobs with static targets, by name of the
	// job, such as "127.0.0.1:8090" for "autoscaler". Other such jobs are not
	// scraped.
	Addresses map[string]string
	// Speed divides all durations, 1 when zero.
	Speed float64

	// Logger gets the log of the engine, discarded by default.
	Logger *slog.Logger
	// Registry gets the engine's own metrics, for one server only; by default
	// a new one.
	Registry *prometheus.Registry
	// Notify is called after every evaluation of the alert rules, with an empty
	// slice when none fires. The next evaluation waits for it, so it has to be
	// quick. With nil, alert rules are not evaluated.
	Notify func(ctx context.Context, firing []notifier.Alert)
}

func (c Config) withDefaults() Config {
	c.Speed = cmp.Or(c.Speed, 1)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	return c
}

// validate returns all faults of a configuration with defaults.
func (c Config) validate() error {
	var faults []error
	if c.Dir == "" {
		faults = append(faults, errors.New("the Dir of the database is missing"))
	}
	if c.Files == nil {
		faults = append(faults, errors.New("the Files of the monitoring machine are missing"))
	}
	if filepath.Ext(c.TargetsFile) != ".json" || strings.ContainsAny(c.TargetsFile, `*?[\`) {
		faults = append(faults, fmt.Errorf("the TargetsFile %q is not a name that ends in .json, without pattern characters", c.TargetsFile))
	}
	if !(c.Speed > 0) {
		faults = append(faults, fmt.Errorf("the Speed is %v: want more than 0", c.Speed))
	}
	return errors.Join(faults...)
}

// scaled divides a duration by the speed. Prometheus has whole milliseconds.
func (c Config) scaled(d time.Duration) time.Duration {
	if d == 0 {
		return 0
	}
	return max(time.Duration(float64(d)/c.Speed).Round(time.Millisecond), time.Millisecond)
}
