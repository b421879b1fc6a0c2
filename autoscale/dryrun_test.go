package autoscale_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// metric is a family with one series without labels, as /metrics shows it.
func metric(name, kind, help, value string) *strings.Reader {
	name = "exopool_autoscaler_" + name
	return strings.NewReader("# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n" + name + " " + value + "\n")
}

func TestADryRunDecidesAndDoesNothing(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	w := newWorld(t, 2, func(cfg *autoscale.Config) { cfg.DryRun, cfg.Registerer = true, reg })
	w.webhook(up)
	d := w.turn()
	assert.True(t, d.DryRun)
	assert.Equal(t, autoscale.DryRun, d.Result)
	assert.Equal(t, autoscale.ReasonStepUp, d.Reason)
	assert.Equal(t, [2]int{2, 3}, [2]int{d.From, d.To})
	assert.Equal(t, fate{up: autoscale.ReasonDryRun}, fates(d))
	assert.NotContains(t, w.stateFile(), "last_resize")

	d = w.turn()
	assert.True(t, d.DryRun, "marked in each decision")
	assert.Equal(t, autoscale.ReasonNoDemand, d.Reason)
	w.pool.SetSize(9)
	d = w.turn()
	assert.Equal(t, autoscale.DryRun, d.Result)
	assert.Equal(t, autoscale.ReasonAboveMaximum, d.Reason)
	assert.Empty(t, w.pool.Resizes())
	require.NoError(t, testutil.GatherAndCompare(reg, metric("dry_run", "gauge", "1 if the program decides but resizes nothing.", "1"), "exopool_autoscaler_dry_run"))
}

// TestADryRunNeverWrites plays 10,000 random events, half of them faults, among
// them every way to a resize.
func TestADryRunNeverWrites(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	w := newWorld(t, 3, func(cfg *autoscale.Config) { cfg.DryRun, cfg.Min = true, 2 })
	decided := 0
	events := []func(){
		func() { w.webhook(up) },
		func() { w.webhook(down) },
		func() { w.pool.SetSize(random.IntN(9)) },
		func() { w.pool.SetState("") },
		func() { w.clock.Advance(time.Duration(random.IntN(400)) * time.Second) },
		func() { w.pool.FailNext("status", errors.New("502")) },
		func() { w.pool.FailNext("resize", inTwenty) },
		func() { w.pool.SetState("scaling-up") },
		func() { w.pool.Linger(1) },
		func() { w.start() },
		func() { w.pause(time.Minute, "") },
		func() { assert.NoError(t, w.loop.Resume(t.Context())) },
	}
	for range 10_000 {
		events[random.IntN(len(events))]()
		if w.turn().Result == autoscale.DryRun {
			decided++
		}
	}
	assert.Greater(t, decided, 1000)
	for _, call := range w.pool.Calls() {
		require.Equal(t, "status", call.Name)
	}
}
