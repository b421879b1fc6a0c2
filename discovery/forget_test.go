package discovery_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/fake"
)

// deleted takes a pool and its members away.
func (c *cloud) deleted(pool string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.pools, pool)
	c.members = slices.DeleteFunc(slices.Clone(c.members), func(m discovery.Instance) bool { return m.PoolID == pool })
}

// note is the file that carries over a restart for how long pools are absent.
func note(cfg discovery.Config) string {
	return filepath.Join(filepath.Dir(cfg.File), ".config.json.absent")
}

func TestPoolThatIsGoneLosesItsTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := five()
		logged := &levels{}
		reg := prometheus.NewPedanticRegistry()
		cfg := config(t, c)
		cfg.Registerer, cfg.Logger = reg, slog.New(logged)
		stop, _ := run(t, c, cfg)
		synctest.Wait()
		c.deleted("web")
		time.Sleep(14 * time.Minute)
		assert.Equal(t, targets(1, 2, 3, 4, 5), read(t, cfg.File), "it may be a mistake that is corrected")
		assert.InDelta(t, 14*60, metric(t, reg, "exopool_discovery_pool_absent_seconds", "web"), 90)
		logged.reset()
		time.Sleep(150 * time.Second)
		synctest.Wait()
		assert.Equal(t, targets(), read(t, cfg.File))
		assert.InDelta(t, 5, metric(t, reg, "exopool_discovery_forgotten_targets_total", "web"), 0)
		assert.InDelta(t, 0, metric(t, reg, "exopool_discovery_targets", "web"), 0)
		changed := slices.Index(logged.seen, slog.LevelInfo)
		assert.Equal(t, slog.LevelError, logged.seen[changed-1], "loudly")
		onlyFile(t, cfg.File)

		c.grow("web", "192.0.2.6")
		time.Sleep(2 * time.Minute)
		assert.Equal(t, targets(6), read(t, cfg.File), "should it come back")
		stop()
	})
}

// Only that the pool does not exist makes its targets go, however long any
// other trouble lasts.
func TestNothingElseRemovesTargets(t *testing.T) {
	for name, spoil := range map[string]func(*cloud){
		"lists fail":         func(c *cloud) { c.fail("Instances", errors.New("503")) },
		"the pool is hidden": func(c *cloud) { c.hide(0); c.fail("Pool", errors.New("403")) },
		"lists are empty":    func(c *cloud) { c.hide(0) },
		"it is said to be gone, and lists members": func(c *cloud) {
			c.hide(1)
			c.fail("Pool", fmt.Errorf("404: %w", discovery.ErrPoolNotFound))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := five()
				cfg := config(t, c)
				stop, _ := run(t, c, cfg)
				synctest.Wait()
				spoil(c)
				time.Sleep(7 * 24 * time.Hour)
				assert.Equal(t, targets(1, 2, 3, 4, 5), read(t, cfg.File))
				stop()
			})
		})
	}
}

func TestTargetsStayForeverIfConfigured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := five()
		cfg := config(t, c)
		cfg.ForgetAfter = -1
		stop, _ := run(t, c, cfg)
		synctest.Wait()
		c.deleted("web")
		time.Sleep(7 * 24 * time.Hour)
		assert.Equal(t, targets(1, 2, 3, 4, 5), read(t, cfg.File))
		onlyFile(t, cfg.File)
		stop()
	})
}

// clocked is an agent whose time passes with each refresh.
type clocked struct {
	*discovery.Agent
	clock *fake.Clock
}

// refresh lets the time pass and refreshes, n times.
func (a clocked) refresh(t *testing.T, n int, step time.Duration) {
	t.Helper()
	for range n {
		a.clock.Advance(step)
		_ = a.RunOnce(t.Context()) // the file shows
	}
}

func TestOnlyTimeOfWhichTheProviderSaysItCounts(t *testing.T) {
	c := five()
	cfg := config(t, c)
	clock := fake.NewClock(epoch)
	cfg.Clock = clock
	agent := clocked{newAgent(t, cfg), clock}
	agent.refresh(t, 1, 0)
	all := targets(1, 2, 3, 4, 5)

	gone := c.pools["web"]
	members := c.members
	c.deleted("web")
	agent.refresh(t, 11, time.Minute)
	c.fail("Instances", errors.New("503"))
	agent.refresh(t, 600, time.Minute)
	c.fail("Instances", nil)
	agent.refresh(t, 5, time.Minute)
	assert.Equal(t, all, read(t, cfg.File), "14 minutes, without the outage")

	clock.Set(epoch.Add(1000 * time.Hour))
	agent.refresh(t, 1, 0)
	clock.Set(epoch)
	agent.refresh(t, 1, 0)
	assert.Equal(t, targets(), read(t, cfg.File), "a clock that jumps adds two minutes at most, and takes none away")

	c.pools["web"], c.members = gone, members
	agent.refresh(t, 1, time.Minute)
	c.deleted("web")
	agent.refresh(t, 15, time.Minute)
	assert.Equal(t, all, read(t, cfg.File), "after the pool existed, counting starts at zero")
	agent.refresh(t, 1, time.Minute)
	assert.Equal(t, targets(), read(t, cfg.File))
}

func TestRestartsDoNotProlongIt(t *testing.T) {
	c := five()
	cfg := config(t, c)
	clock := fake.NewClock(epoch)
	cfg.Clock = clock
	clocked{newAgent(t, cfg), clock}.refresh(t, 1, 0)
	c.deleted("web")
	refreshes := 0
	for read(t, cfg.File) != targets() {
		agent := clocked{newAgent(t, cfg), clock} // it crashes every five minutes
		for range 5 {
			agent.refresh(t, 1, time.Minute)
			refreshes++
		}
		require.Less(t, refreshes, 60)
	}
	assert.LessOrEqual(t, refreshes, 25, "each start costs the minute before its first answer")
	assert.GreaterOrEqual(t, refreshes, 16)
	onlyFile(t, cfg.File)
}

func TestWhatAnEarlierRunSavedIsNotEnough(t *testing.T) {
	for name, c := range map[string]struct {
		note    string
		minutes int // until the targets go
	}{
		"nothing":                {``, 16},
		"no JSON":                {`{`, 16},
		"another shape":          {`[1]`, 16},
		"another pool":           {`{"db":{"seconds":900,"at":1772366400}}`, 16},
		"time enough":            {`{"web":{"seconds":900,"at":1772366400}}`, 4},
		"more than enough":       {`{"web":{"seconds":9223372036854775807,"at":1772366400}}`, 4},
		"some":                   {`{"web":{"seconds":480,"at":1772366400}}`, 8},
		"too long ago":           {`{"web":{"seconds":900,"at":1772365000}}`, 16},
		"from the future":        {`{"web":{"seconds":900,"at":1772999999}}`, 16},
		"a number out of bounds": {`{"web":{"seconds":900,"at":-9223372036854775808}}`, 16},
		"less than nothing":      {`{"web":{"seconds":-900,"at":1772366400}}`, 16},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud()
			cfg := config(t, cloud)
			clock := fake.NewClock(epoch)
			cfg.Clock = clock
			writeFile(t, cfg.File, targets(1))
			writeFile(t, note(cfg), c.note)
			agent := clocked{newAgent(t, cfg), clock}
			agent.refresh(t, c.minutes-1, time.Minute)
			assert.Equal(t, targets(1), read(t, cfg.File))
			agent.refresh(t, 1, time.Minute)
			assert.Equal(t, targets(), read(t, cfg.File))
			onlyFile(t, cfg.File)
		})
	}
}

func TestNotFoundFileIsRemovedWhenThePoolIsBack(t *testing.T) {
	c := five()
	cfg := config(t, c)
	clock := fake.NewClock(epoch)
	cfg.Clock = clock
	agent := clocked{newAgent(t, cfg), clock}
	agent.refresh(t, 1, 0)
	gone, members := c.pools["web"], c.members
	c.deleted("web")
	agent.refresh(t, 5, time.Minute)
	assert.FileExists(t, note(cfg))
	c.pools["web"], c.members = gone, members
	clocked{newAgent(t, cfg), clock}.refresh(t, 1, time.Minute)
	onlyFile(t, cfg.File)
}

func TestOnlyThePoolThatIsGoneLosesItsTargets(t *testing.T) {
	for name, restarted := range map[string]bool{"while the program runs": false, "while it was stopped": true} {
		t.Run(name, func(t *testing.T) {
			c := newCloud().grow("web", "192.0.2.1").grow("db", "192.0.2.2")
			cfg := config(t, c)
			clock := fake.NewClock(epoch)
			cfg.Clock, cfg.Pools, cfg.Resolver = clock, []string{"the web", "the db"}, c
			agent := clocked{newAgent(t, cfg), clock}
			agent.refresh(t, 1, 0)
			c.deleted("db")
			if restarted {
				agent.Agent = newAgent(t, cfg)
			}
			agent.refresh(t, 15, time.Minute)
			assert.Equal(t, targets(1, 2), read(t, cfg.File))
			agent.refresh(t, 1, time.Minute)
			assert.Equal(t, targets(1), read(t, cfg.File))
		})
	}
}

func TestNotFoundFileThatCannotBeWrittenDelaysNothing(t *testing.T) {
	c := five()
	cfg := config(t, c)
	clock := fake.NewClock(epoch)
	logged := &levels{}
	cfg.Clock, cfg.Logger = clock, slog.New(logged)
	agent := clocked{newAgent(t, cfg), clock}
	agent.refresh(t, 1, 0)
	c.deleted("web")
	require.NoError(t, os.MkdirAll(filepath.Join(note(cfg), "x"), 0o755))
	logged.seen = nil
	agent.refresh(t, 15, time.Minute)
	assert.Equal(t, []slog.Level{slog.LevelWarn}, logged.seen, "logged once")
	agent.refresh(t, 1, time.Minute)
	assert.Equal(t, targets(), read(t, cfg.File))
}

// Whatever is in that file: the program starts, and no target is removed before the
// provider itself has said four times that the pool does not exist.
func FuzzNote(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `{"web":null}`, `{"web":{"seconds":900,"at":1772366400}}`, `{"web":{"seconds":1e99}}`, `{"web":{"seconds":9,"at":9}}x`,
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		c := newCloud()
		clock := fake.NewClock(epoch)
		cfg := discovery.Config{Lister: c, Pools: []string{"web"}, File: filepath.Join(dir, "config.json"), Clock: clock}
		writeFile(t, cfg.File, targets(1))
		writeFile(t, note(cfg), string(content))
		agent := clocked{newAgent(t, cfg), clock}
		agent.refresh(t, 3, time.Minute)
		require.Equal(t, targets(1), read(t, cfg.File))
		agent.refresh(t, 13, time.Minute)
		require.Equal(t, targets(), read(t, cfg.File))
	})
}
