package autoscale_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// guarded holds back what webhooks ask for.
func guarded(cfg *autoscale.Config) {
	cfg.Guards = autoscale.Guards{UpCooldown: 20 * time.Minute, DownCooldown: 20 * time.Minute}
	cfg.Expiry = time.Hour
}

// TestWebhooksThatWaitOutliveARollingChange: its one more is not what they ask for.
func TestWebhooksThatWaitOutliveARollingChange(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]bool{"answered": false, "without an answer": true} {
		for direction, want := range map[autoscale.Direction]autoscale.Reason{up: autoscale.ReasonStepUp, down: autoscale.ReasonStepDown} {
			t.Run(name+" "+string(direction), func(t *testing.T) {
				t.Parallel()
				w := newRollingWorld(t, 2, guarded)
				w.webhook(up)
				require.Equal(t, autoscale.ReasonStepUp, w.turn().Reason)
				w.heal()
				w.webhook(direction)
				for _, size := range []int{4, 3, 4, 3} {
					if lose {
						w.pool.LoseNext("resize", errors.New("power cut"))
					}
					assert.Empty(t, w.turn().Settled)
					w.heal()
					assert.Equal(t, size, w.pool.Size())
				}
				w.clock.Advance(20 * time.Minute)
				assert.Equal(t, want, w.turn().Reason)
			})
		}
	}
}

// TestAWebhookThatWaitsOutlivesARepair, and keeps no member from being replaced.
func TestAWebhookThatWaitsOutlivesARepair(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 2, guarded)
	w.webhook(up)
	w.turn()
	w.heal()
	w.pool.SetHealth(0, autoscale.Unhealthy)
	w.pass(10)
	w.webhook(down)
	for range 2 {
		d := w.turn()
		assert.Equal(t, autoscale.ReasonRepair, d.Reason)
		assert.Empty(t, d.Settled)
		w.heal()
	}
	assert.Equal(t, 3, w.pool.Size())
	w.clock.Advance(20 * time.Minute)
	assert.Equal(t, autoscale.ReasonStepDown, w.turn().Reason)
}

// TestAPolicyThatKnowsTheLoadDecidesWhatIsOwed after a repair.
func TestAPolicyThatKnowsTheLoadDecidesWhatIsOwed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		load  float64 // after the eviction
		sizes []int
	}{
		"as much":       {3, []int{2, 3}},
		"more":          {5, []int{2, 5}},
		"less":          {2, []int{2}},
		"nearly nobody": {0.1, []int{2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, g := newLoadWorld(t, 3, func(cfg *autoscale.Config) { cfg.Min = 2 })
			w.loaded(g, 3)
			w.pool.SetHealth(0, autoscale.Unhealthy)
			for range 11 {
				w.loaded(g, 3)
			}
			require.Equal(t, 2, w.pool.Size())
			for range 5 {
				w.loaded(g, tt.load)
			}
			assert.Equal(t, tt.sizes, w.pool.Resizes())
		})
	}
	t.Run("not known", func(t *testing.T) {
		t.Parallel()
		w, g := newLoadWorld(t, 3)
		w.loaded(g, 3)
		w.pool.SetHealth(0, autoscale.Unhealthy)
		for range 11 {
			w.loaded(g, 3)
		}
		g.err = errors.New("no answer")
		w.pass(5)
		assert.Equal(t, []int{2, 3}, w.pool.Resizes())
	})
}
