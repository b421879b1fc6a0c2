package monitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/internal/rehearsal/notify"
)

// Config is what a [Monitor] is made of. Dir and TargetsFile are required.
// Spans of time are whole milliseconds, the finest that Prometheus knows.
type Config struct {
	Dir         string // for the time series database; made if missing
	TargetsFile string // file_sd JSON, name ending in .json; may not exist yet, its directory must
	JobName     string // "pool" when empty

	ScrapeInterval     time.Duration // 5 s when zero
	EvaluationInterval time.Duration // of the alert rules, 10 s when zero
	Window             time.Duration // that CPU use is averaged over, 1 min when zero; at least two scrapes
	For                time.Duration // how long a condition holds before it fires, 1 min when zero

	High float64 // percent above which "CPU high" fires, 80 when zero
	Low  float64 // percent below which "CPU low" fires, 20 when zero

	// Logger hears what the engine has to say. Nil discards.
	Logger *slog.Logger
	// Registerer takes the engine's own metrics. Nil is a registry of the
	// monitor's own. One registerer serves one monitor.
	Registerer prometheus.Registerer
	// Notify is told after every evaluation of the rules what fires: nothing
	// at all is an empty slice. The next evaluation waits for it, so it has
	// to be quick. Nil is told nothing.
	Notify func(ctx context.Context, firing []notify.Alert)
}

// withDefaults fills in optional fields and checks the others. The error
// names all faults.
func (c Config) withDefaults() (Config, error) {
	c.JobName = cmp.Or(c.JobName, "pool")
	c.ScrapeInterval = cmp.Or(c.ScrapeInterval, 5*time.Second)
	c.EvaluationInterval = cmp.Or(c.EvaluationInterval, 10*time.Second)
	c.Window = cmp.Or(c.Window, time.Minute)
	c.For = cmp.Or(c.For, time.Minute)
	c.High = cmp.Or(c.High, 80)
	c.Low = cmp.Or(c.Low, 20)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Registerer == nil {
		c.Registerer = prometheus.NewRegistry()
	}
	if c.Notify == nil {
		c.Notify = func(context.Context, []notify.Alert) {}
	}
	return c, c.check()
}

func (c Config) check() error {
	var faults []error
	if c.Dir == "" {
		faults = append(faults, errors.New("the Dir of the database is missing"))
	}
	if filepath.Ext(c.TargetsFile) != ".json" || strings.ContainsAny(c.TargetsFile, `*?[\`) {
		faults = append(faults, fmt.Errorf("the TargetsFile %q is not a name that ends in .json, without pattern characters", c.TargetsFile))
	}
	for _, span := range []struct {
		name  string
		value time.Duration
	}{
		{"ScrapeInterval", c.ScrapeInterval},
		{"EvaluationInterval", c.EvaluationInterval},
		{"Window", c.Window},
		{"For", c.For},
	} {
		if span.value < time.Millisecond || span.value%time.Millisecond != 0 {
			faults = append(faults, fmt.Errorf("%s is %s: want whole milliseconds", span.name, span.value))
		}
	}
	if c.Window < 2*c.ScrapeInterval {
		faults = append(faults, fmt.Errorf("a Window of %s does not hold two scrapes, %s apart", c.Window, c.ScrapeInterval))
	}
	if !(0 <= c.Low && c.Low < c.High && c.High <= 100) {
		faults = append(faults, fmt.Errorf("the thresholds are Low %v and High %v: want 0 <= Low < High <= 100", c.Low, c.High))
	}
	return errors.Join(faults...)
}
