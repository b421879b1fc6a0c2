package autoscale_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
	"github.com/exopool/exopool/internal/config"
)

func TestEveryWrongSettingIsReportedWithItsRemedy(t *testing.T) {
	t.Parallel()
	_, err := autoscale.New(autoscale.Config{
		Min: 3, Max: 2, Step: -1, Interval: time.Second, Timeout: time.Second, Expiry: 999 * time.Millisecond, Grace: -1,
	})
	require.EqualError(t, err, `Pool is missing: set it
Step is -1: set it to 1 to 10000
Max is 2, below the minimum of 3: raise it or lower the minimum
Timeout is 1s: set it to 10ms or longer, and shorter than the interval of 1s
Expiry is 999ms: set it to the interval of 1s or longer, and to 24h0m0s at most
Grace is -1ns: set it to 0s or longer`)
}

func TestRangesOfSettings(t *testing.T) {
	t.Parallel()
	type cfg = autoscale.Config
	for field, c := range map[string]struct {
		right []func(*cfg)
		wrong []func(*cfg)
	}{
		"Min": {
			[]func(*cfg){func(c *cfg) { c.Min = 1 }, func(c *cfg) { c.Min, c.Max = autoscale.MaxSize, autoscale.MaxSize }},
			[]func(*cfg){func(c *cfg) { c.Min = 0 }, func(c *cfg) { c.Min = -1 }, func(c *cfg) { c.Min = autoscale.MaxSize + 1 }},
		},
		"Max": {
			[]func(*cfg){func(c *cfg) { c.Max = 1 }, func(c *cfg) { c.Max = autoscale.MaxSize }},
			[]func(*cfg){func(c *cfg) { c.Max = 0 }, func(c *cfg) { c.Max = autoscale.MaxSize + 1 }, func(c *cfg) { c.Min, c.Max = 4, 3 }},
		},
		"Step": {
			[]func(*cfg){func(c *cfg) { c.Step = autoscale.MaxSize }},
			[]func(*cfg){func(c *cfg) { c.Step = 0 }, func(c *cfg) { c.Step = autoscale.MaxSize + 1 }},
		},
		"Interval": {
			[]func(*cfg){func(c *cfg) { c.Interval = autoscale.MinInterval }, func(c *cfg) { c.Interval = autoscale.MaxInterval }},
			[]func(*cfg){func(c *cfg) { c.Interval = 0 }, func(c *cfg) { c.Interval = autoscale.MinInterval - 1 }, func(c *cfg) { c.Interval = autoscale.MaxInterval + 1 }},
		},
		"Timeout": {
			[]func(*cfg){func(c *cfg) { c.Timeout = autoscale.MinTimeout }, func(c *cfg) { c.Timeout = time.Minute - 1 }},
			[]func(*cfg){func(c *cfg) { c.Timeout = autoscale.MinTimeout - 1 }, func(c *cfg) { c.Timeout = time.Minute }},
		},
		"Expiry": {
			[]func(*cfg){func(c *cfg) { c.Expiry = time.Minute }, func(c *cfg) { c.Expiry = autoscale.MaxExpiry }},
			[]func(*cfg){func(c *cfg) { c.Expiry = time.Minute - 1 }, func(c *cfg) { c.Expiry = autoscale.MaxExpiry + 1 }},
		},
		"Grace": {
			[]func(*cfg){func(c *cfg) { c.Grace = 0 }},
			[]func(*cfg){func(c *cfg) { c.Grace = -1 }},
		},
	} {
		for _, change := range c.right {
			cfg := autoscale.DefaultConfig()
			change(&cfg)
			require.NoError(t, cfg.Validate(), field)
		}
		for _, change := range c.wrong {
			cfg := autoscale.DefaultConfig()
			change(&cfg)
			errs := config.Errors(cfg.Validate())
			require.Len(t, errs, 1, field)
			assert.Equal(t, field, errs[0].Field)
			assert.NotEmpty(t, errs[0].Remedy)
		}
	}
}

// What is left out follows from what is given, so that one setting alone is
// never wrong.
func TestDefaultsFollowFromWhatIsGiven(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]autoscale.Config{
		"nothing":         {},
		"a high minimum":  {Min: 20},
		"a long interval": {Interval: autoscale.MaxInterval},
		"a short one":     {Interval: autoscale.MinInterval},
	} {
		cfg.Pool = fake.NewPool("web", 1, nil)
		_, err := autoscale.New(cfg)
		require.NoError(t, err, name)
	}
}
