package autoscale_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

func TestAWebhookSurvivesARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.webhook(up, up)
	again := w.crashedCopy()
	d := again.turn()
	assert.Equal(t, autoscale.ReasonStepUp, d.Reason)
	assert.Equal(t, noon, d.Up.First)
}

func TestASettledWebhookDoesNotComeBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.webhook(up)
	w.turn()
	again := w.crashedCopy()
	assert.Equal(t, autoscale.ReasonNoDemand, again.turn().Reason)
	assert.Equal(t, []int{2}, w.pool.Resizes())
}

func TestAHeldWebhookSurvivesARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.SetState("suspended")
	w.webhook(down)
	w.turn()
	w.pool.SetState("")
	assert.Equal(t, autoscale.ReasonStepDown, w.crashedCopy().turn().Reason)
}

func TestAWebhookForOnePoolDoesNotScaleAnother(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*autoscale.Config){
		"another pool":           func(cfg *autoscale.Config) { cfg.PoolName = "db" },
		"its namesake elsewhere": func(cfg *autoscale.Config) { cfg.Zone = "de-fra-1" },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			w.webhook(up)
			change(&w.cfg)
			w.start()
			assert.Equal(t, autoscale.ReasonNoDemand, w.turn().Reason)

			w.webhook(up)
			assert.Equal(t, autoscale.ReasonStepUp, w.crashedCopy().turn().Reason, "its own survive as ever")
		})
	}
}

func TestAStateFileThatNamesNoPoolIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	content := `{"version":1,"pending":{"up":{"first":"2026-03-01T11:59:00Z","last":"2026-03-01T11:59:00Z","count":1}}}`
	require.NoError(t, os.WriteFile(filepath.Join(w.cfg.StateDir, "demand.json"), []byte(content), 0o600))
	w.start()
	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason)
}

func TestACrashBetweenIntentAndResizeIsRetried(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	var again *world
	w.hooks.before = func() { again = w.crashedCopy() }
	w.pool.FailNext("resize", errors.New("power cut"))
	w.webhook(up)
	w.turn()

	assert.Contains(t, again.stateFile(), "intent", "written before the request is sent")
	assert.Equal(t, fate{up: autoscale.ReasonStepUp}, fates(again.turn()))
	assert.Equal(t, 3, w.pool.Size())
}

func TestACrashBetweenResizeAndClearIsNotASecondStep(t *testing.T) {
	t.Parallel()
	for name, carriedOnBy := range map[string]autoscale.Direction{"alone": "", "with a new webhook": up} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 2)
			var again *world
			w.hooks.after = func() { again = w.crashedCopy() }
			w.webhook(up)
			w.turn()

			if carriedOnBy == "" {
				assert.Equal(t, fate{up: autoscale.ReasonConfirmed}, fates(again.turn()))
				assert.Equal(t, []int{3}, w.pool.Resizes())
				return
			}
			again.webhook(carriedOnBy)
			d := again.turn()
			require.Len(t, d.Settled, 2)
			assert.Equal(t, autoscale.ReasonConfirmed, d.Settled[0].Reason)
			assert.Equal(t, autoscale.ReasonStepUp, d.Settled[1].Reason)
			assert.Equal(t, []int{3, 4}, w.pool.Resizes())
		})
	}
}

func TestAWebhookDuringAResizeSurvivesACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	var again *world
	w.hooks.before = func() { w.webhook(up) }
	w.hooks.after = func() { again = w.crashedCopy() }
	w.webhook(up)
	w.turn()

	d := again.turn()
	assert.Equal(t, autoscale.ReasonConfirmed, d.Settled[0].Reason)
	assert.Equal(t, autoscale.ReasonStepUp, d.Settled[1].Reason)
}

func TestABurstIsWrittenOnceASecond(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	path := filepath.Join(w.cfg.StateDir, "demand.json")
	w.webhook(up)
	first, err := os.Stat(path)
	require.NoError(t, err)

	w.clock.Advance(999 * time.Millisecond)
	w.webhook(up)
	second, err := os.Stat(path)
	require.NoError(t, err)
	assert.True(t, os.SameFile(first, second), "younger than a second")

	w.clock.Advance(time.Millisecond)
	w.webhook(up)
	third, err := os.Stat(path)
	require.NoError(t, err)
	assert.False(t, os.SameFile(second, third))

	w.webhook(down)
	fourth, err := os.Stat(path)
	require.NoError(t, err)
	assert.False(t, os.SameFile(third, fourth), "the other direction is not on disk yet")

	w.clock.Set(noon.Add(-time.Hour))
	w.webhook(down)
	fifth, err := os.Stat(path)
	require.NoError(t, err)
	assert.False(t, os.SameFile(fourth, fifth), "the time on disk says nothing after the clock was set back")
}

func TestADamagedStateFileIsMovedAside(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"empty":               "",
		"not JSON":            "\x00\x00\x00",
		"cut short":           `{"version":1,"pending":{"up":{"fir`,
		"another program's":   `{"name":"web"}`,
		"a later version":     `{"version":2}`,
		"two documents":       `{"version":1}{"version":1}`,
		"a batch of nothing":  `{"version":1,"pending":{"up":{"first":"2026-03-01T11:59:00Z","last":"2026-03-01T11:59:00Z","count":-1}}}`,
		"a batch of too many": `{"version":1,"pending":{"up":{"first":"2026-03-01T11:59:00Z","last":"2026-03-01T11:59:00Z","count":2147483648}}}`,
		"a batch long ago":    `{"version":1,"pending":{"up":{"first":"0001-01-01T00:00:00Z","last":"2026-03-01T11:59:00Z","count":1}}}`,
		"an intent sideways":  `{"version":1,"intent":{"direction":"left","from":1,"to":2,"at":"2026-03-01T11:59:00Z"}}`,
		"an intent below all": `{"version":1,"intent":{"direction":"down","from":1,"to":0,"at":"2026-03-01T11:59:00Z"}}`,
		"a resize long ago":   `{"version":1,"last_resize":"1066-10-14T09:00:00Z"}`,
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1)
			path := filepath.Join(w.cfg.StateDir, "demand.json")
			require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
			w.start()
			aside, err := os.ReadFile(path + ".damaged")
			require.NoError(t, err)
			assert.Equal(t, content, string(aside))
			assert.Equal(t, autoscale.ReasonNoDemand, w.turn().Reason)
		})
	}
}

func TestTheStateFileIsPrivate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1, func(cfg *autoscale.Config) { cfg.StateDir = filepath.Join(t.TempDir(), "made", "for", "it") })
	w.webhook(up)
	info, err := os.Stat(filepath.Join(w.cfg.StateDir, "demand.json"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	entries, err := os.ReadDir(w.cfg.StateDir)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "no temporary file stays behind")
}

func TestAnUnusableStateDirectoryIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	w := newWorld(t, 1)
	w.cfg.StateDir = file
	_, err := autoscale.New(w.cfg)
	require.ErrorContains(t, err, "create state directory "+file)
}

func TestScalingGoesOnWithoutADisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.webhook(up)
	repair := w.breakDisk()
	w.webhook(up)
	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason)
	assert.Equal(t, autoscale.ReasonNoDemand, w.turn().Reason)

	w.webhook(up)
	repair()
	require.Contains(t, w.stateFile()["pending"], "up", "the old state is back")
	w.turn()
	assert.NotContains(t, w.stateFile()["pending"], "up", "and put right by the next write")
	assert.Equal(t, []int{2, 3}, w.pool.Resizes())
}

// TestNoResizeWhileAReadOnlyDiskHoldsTheWebhook: after a crash
// such a webhook would count twice.
func TestNoResizeWhileAReadOnlyDiskHoldsTheWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.webhook(up)
	// A directory that is not empty, in the file's place, can neither be
	// replaced nor removed: what a read-only file system would do.
	path := filepath.Join(w.cfg.StateDir, "demand.json")
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.MkdirAll(filepath.Join(path, "in the way"), 0o700))
	d := w.turn()
	assert.Equal(t, autoscale.Failed, d.Result)
	assert.Equal(t, autoscale.ReasonStateError, d.Reason)
	assert.Empty(t, w.pool.Resizes())

	w.pool.SetSize(3)
	require.NoError(t, os.RemoveAll(path))
	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason)
	assert.Equal(t, []int{4}, w.pool.Resizes(), "nothing was asked for, so there was nothing to find out")
}

func TestAReadOnlyDiskWithExpiredWebhooksPreventsNoResize(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.webhook(up)
	path := filepath.Join(w.cfg.StateDir, "demand.json")
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.MkdirAll(filepath.Join(path, "in the way"), 0o700))
	w.clock.Advance(10 * time.Minute)
	w.loop.RunOnce(t.Context())
	w.webhook(up)
	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason)
}

func TestAfterAFailedWriteTheNextWebhookIsWrittenAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5)
	w.webhook(up)
	repair := w.breakDisk()
	require.Equal(t, autoscale.ReasonAtMaximum, w.loop.RunOnce(t.Context()).Reason)
	repair()
	w.clock.Advance(500 * time.Millisecond)
	w.webhook(up)
	assert.Equal(t, map[string]any{
		"first": "2026-03-01T12:00:00.5Z", "last": "2026-03-01T12:00:00.5Z", "count": 1.0,
	}, w.stateFile()["pending"].(map[string]any)["up"])
}

func TestAClockSetBackKeepsWebhooksAndLetsThemExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.SetState("suspended")
	w.webhook(up)
	w.clock.Set(noon.Add(-24 * time.Hour))
	again := w.crashedCopy()
	for range 5 {
		assert.Equal(t, autoscale.ReasonNotRunning, w.turn().Reason)
	}
	assert.Equal(t, autoscale.ReasonNotRunning, w.turn().Reason, "counted from the first look after the jump")
	assert.Equal(t, autoscale.ReasonExpired, w.turn().Reason)
	assert.Equal(t, autoscale.ReasonExpired, again.turn().Reason)
}
