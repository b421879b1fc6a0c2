package autoscale_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
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
	assert.Empty(t, w.stateFiles())

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

// stateFiles returns what is in the state directory, by name.
func (w *world) stateFiles() map[string]string {
	w.Helper()
	entries, err := os.ReadDir(w.cfg.StateDir)
	require.NoError(w, err)
	files := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(w.cfg.StateDir, e.Name()))
		require.NoError(w, err)
		files[e.Name()] = string(data)
	}
	return files
}

// TestADryRunLeavesTheStateAsItIs plays a dry run between two runs of a program that
// owes the pool a member.
func TestADryRunLeavesTheStateAsItIs(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 3)
	w.pool.SetHealth(1, autoscale.Unhealthy)
	w.pass(10)
	require.Equal(t, autoscale.ReasonRepair, w.turn().Reason)
	w.pause(time.Hour, "evening sale")
	before := w.stateFiles()
	require.Contains(t, before["demand.json"], `"owed":1`)

	w.cfg.DryRun = true
	w.start()
	_, paused := w.loop.Paused()
	assert.True(t, paused, "it knows what the other was doing")
	require.NoError(t, w.loop.Resume(t.Context()))
	assert.Equal(t, autoscale.ReasonRepair, w.turn().Reason)
	w.webhook(down)
	require.Equal(t, autoscale.ReasonNotReplaced, w.turn().Reason)
	w.pool.SetSize(4)
	w.pass(3)
	w.pool.SetSize(2)
	w.pause(time.Minute, "")
	w.pass(3)
	assert.Equal(t, before, w.stateFiles())

	w.cfg.DryRun = false
	w.start()
	require.Equal(t, autoscale.ReasonPaused, w.turn().Reason)
	require.NoError(t, w.loop.Resume(t.Context()))
	assert.Equal(t, autoscale.ReasonRepair, w.turn().Reason)
	assert.Equal(t, 3, w.pool.Size())
}

// TestADryRunLeavesADamagedStateAsItIs: whoever scales the pool moves it aside.
func TestADryRunLeavesADamagedStateAsItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3, func(cfg *autoscale.Config) {
		cfg.DryRun = true
		for _, name := range []string{"demand.json", "members.json"} {
			require.NoError(t, os.WriteFile(filepath.Join(cfg.StateDir, name), []byte("{"), 0o600))
		}
	})
	w.webhook(up)
	assert.Equal(t, autoscale.DryRun, w.turn().Result)
	assert.Equal(t, map[string]string{"demand.json": "{", "members.json": "{"}, w.stateFiles())
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
