package autoscale_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A world is a pool, a clock and the program between them, which may crash and
// start again. Everything in it happens when the test says so.
type world struct {
	*testing.T
	clock *fake.Clock
	pool  *fake.Pool
	hooks *hooks
	cfg   autoscale.Config
	loop  *autoscale.Loop
}

// hooks run just before and just after each resize or eviction, where a crash matters,
// and change what the program reads.
type hooks struct {
	*fake.Pool
	before, after func()
	show          func(*autoscale.Status)
}

func (h *hooks) Status(ctx context.Context) (autoscale.Status, error) {
	status, err := h.Pool.Status(ctx)
	if h.show != nil && err == nil {
		h.show(&status)
	}
	return status, err
}

func (h *hooks) Resize(ctx context.Context, size int) error {
	return h.around(func() error { return h.Pool.Resize(ctx, size) })
}

func (h *hooks) Evict(ctx context.Context, ids []string) error {
	return h.around(func() error { return h.Pool.Evict(ctx, ids) })
}

func (h *hooks) around(call func() error) error {
	if h.before != nil {
		h.before()
	}
	err := call()
	if h.after != nil {
		h.after()
	}
	return err
}

// stateDir returns an empty directory, in memory where the system has one: state
// is synced to the disk thousands of times, and no test depends on that.
func stateDir(t *testing.T) string {
	t.Helper()
	parent, err := os.MkdirTemp("/dev/shm", "exopool-autoscale-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(parent) })
	dir := filepath.Join(parent, "state")
	require.NoError(t, os.Mkdir(dir, 0o700))
	return dir
}

func newWorld(t *testing.T, size int, change ...func(*autoscale.Config)) *world {
	t.Helper()
	clock := fake.NewClock(noon)
	pool := fake.NewPool("web", size, clock)
	w := &world{T: t, clock: clock, pool: pool, hooks: &hooks{Pool: pool}}
	w.cfg = autoscale.Config{
		Pool: w.hooks, PoolName: "web", Zone: "at-vie-1", Max: 5, StateDir: stateDir(t), Clock: clock,
	}
	for _, c := range change {
		c(&w.cfg)
	}
	w.start()
	return w
}

func (w *world) start() {
	w.Helper()
	loop, err := autoscale.New(w.cfg)
	require.NoError(w, err)
	w.loop = loop
}

// webhook records as many webhooks as directions are given.
func (w *world) webhook(directions ...autoscale.Direction) {
	for _, d := range directions {
		w.loop.Record(w.Context(), d)
	}
}

// turn lets an interval pass and takes a turn.
func (w *world) turn() autoscale.Decision {
	w.clock.Advance(time.Minute)
	return w.loop.RunOnce(w.Context())
}

// diskNow returns a copy of the state directory as it is now, which is what a
// power cut would leave.
func (w *world) diskNow() string {
	w.Helper()
	dir := stateDir(w.T)
	require.NoError(w, os.CopyFS(dir, os.DirFS(w.cfg.StateDir)))
	return dir
}

// crashedCopy starts a second program on what the disk holds now. The first
// one goes on, but its world is forgotten.
func (w *world) crashedCopy() *world {
	w.Helper()
	again := *w
	again.hooks = &hooks{Pool: w.pool}
	again.cfg.Pool, again.cfg.StateDir = again.hooks, w.diskNow()
	again.start()
	return &again
}

// stateFile returns the state file as generic JSON.
func (w *world) stateFile() map[string]any {
	w.Helper()
	data, err := os.ReadFile(filepath.Join(w.cfg.StateDir, "demand.json"))
	require.NoError(w, err)
	var content map[string]any
	require.NoError(w, json.Unmarshal(data, &content))
	return content
}

// breakDisk makes every write of the state directory fail, until the returned
// function repairs it.
func (w *world) breakDisk() (repair func()) {
	w.Helper()
	away := w.cfg.StateDir + ".away"
	require.NoError(w, os.Rename(w.cfg.StateDir, away))
	return func() {
		w.Helper()
		require.NoError(w, os.Rename(away, w.cfg.StateDir))
	}
}

// fates returns what became of webhooks in a turn.
func fates(d autoscale.Decision) map[autoscale.Direction]autoscale.Reason {
	all := map[autoscale.Direction]autoscale.Reason{}
	for _, s := range d.Settled {
		all[s.Direction] = s.Reason
	}
	return all
}

type fate = map[autoscale.Direction]autoscale.Reason

// A trigger is a log handler that does something when it sees a message.
type trigger struct {
	slog.Handler
	message string
	do      func()
}

func (t trigger) Enabled(context.Context, slog.Level) bool { return true }

func (t trigger) Handle(_ context.Context, r slog.Record) error {
	if r.Message == t.message {
		t.do()
	}
	return nil
}
