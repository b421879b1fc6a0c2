package autoscale_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
	"github.com/exopool/exopool/internal/configerr"
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
	type change = func(*autoscale.Config)
	for field, c := range map[string]struct {
		right []change
		wrong []change
	}{
		"Min": {
			[]change{func(cfg *autoscale.Config) { cfg.Min = 1 }, func(cfg *autoscale.Config) { cfg.Min, cfg.Max = autoscale.MaxSize, autoscale.MaxSize }},
			[]change{func(cfg *autoscale.Config) { cfg.Min = 0 }, func(cfg *autoscale.Config) { cfg.Min = -1 }, func(cfg *autoscale.Config) { cfg.Min = autoscale.MaxSize + 1 }},
		},
		"Max": {
			[]change{func(cfg *autoscale.Config) { cfg.Max = 1 }, func(cfg *autoscale.Config) { cfg.Max = autoscale.MaxSize }},
			[]change{func(cfg *autoscale.Config) { cfg.Max = 0 }, func(cfg *autoscale.Config) { cfg.Max = autoscale.MaxSize + 1 }, func(cfg *autoscale.Config) { cfg.Min, cfg.Max = 4, 3 }},
		},
		"Step": {
			[]change{func(cfg *autoscale.Config) { cfg.Step = autoscale.MaxSize }},
			[]change{func(cfg *autoscale.Config) { cfg.Step = 0 }, func(cfg *autoscale.Config) { cfg.Step = autoscale.MaxSize + 1 }},
		},
		"Interval": {
			[]change{func(cfg *autoscale.Config) { cfg.Interval = autoscale.MinInterval }, func(cfg *autoscale.Config) { cfg.Interval = autoscale.MaxInterval }},
			[]change{func(cfg *autoscale.Config) { cfg.Interval = 0 }, func(cfg *autoscale.Config) { cfg.Interval = autoscale.MinInterval - 1 }, func(cfg *autoscale.Config) { cfg.Interval = autoscale.MaxInterval + 1 }},
		},
		"Timeout": {
			[]change{func(cfg *autoscale.Config) { cfg.Timeout = autoscale.MinTimeout }, func(cfg *autoscale.Config) { cfg.Timeout = time.Minute - 1 }},
			[]change{func(cfg *autoscale.Config) { cfg.Timeout = autoscale.MinTimeout - 1 }, func(cfg *autoscale.Config) { cfg.Timeout = time.Minute }},
		},
		"Expiry": {
			[]change{func(cfg *autoscale.Config) { cfg.Expiry = time.Minute }, func(cfg *autoscale.Config) { cfg.Expiry = autoscale.MaxExpiry }},
			[]change{func(cfg *autoscale.Config) { cfg.Expiry = time.Minute - 1 }, func(cfg *autoscale.Config) { cfg.Expiry = autoscale.MaxExpiry + 1 }},
		},
		"Grace": {
			[]change{func(cfg *autoscale.Config) { cfg.Grace = 0 }},
			[]change{func(cfg *autoscale.Config) { cfg.Grace = -1 }},
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
			errs := configerr.Errors(cfg.Validate())
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
