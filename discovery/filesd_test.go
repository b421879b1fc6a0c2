package discovery_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	oneTarget = `[{"targets":["192.0.2.1:9100"],"labels":{}}]` + "\n"
	oldTarget = `[ {"targets": ["198.51.100.7:9100"], "labels": {"a": "b"}} ]`
)

// writeFile makes the directory and the file that an earlier run left.
func writeFile(tb testing.TB, path, content string) {
	tb.Helper()
	require.NoError(tb, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(tb, os.WriteFile(path, []byte(content), 0o600))
}

func TestFileIsReadableForAll(t *testing.T) {
	cfg := config(t, newCloud().grow("web", "192.0.2.1"))
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	info, err := os.Stat(cfg.File)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), info.Mode().Perm())
}

func TestFileFromEarlierIsServedAndReplacedByTheFirstSuccess(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1")
	cfg := config(t, c)
	writeFile(t, cfg.File, oldTarget)
	agent := newAgent(t, cfg)
	assert.Equal(t, oldTarget, get(t, agent.Handler(noMetrics()), "/targets").Body.String())
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, oneTarget, read(t, cfg.File))
}

func TestGarbageStaysUntilTheFirstSuccess(t *testing.T) {
	for name, garbage := range map[string]string{
		"nothing":          ``,
		"no JSON":          `hello`,
		"cut":              `[{"targets":["192.0.2.1:9100"`,
		"null":             `null`,
		"an object":        `{}`,
		"no targets":       `[{"labels":{}}]`,
		"null target":      `[{"targets":null,"labels":{}}]`,
		"target no string": `[{"targets":[1],"labels":{}}]`,
		"target no port":   `[{"targets":["192.0.2.1"],"labels":{}}]`,
		"target port zero": `[{"targets":["192.0.2.1:0"],"labels":{}}]`,
		"target no host":   `[{"targets":[":9100"],"labels":{}}]`,
		"target a name":    `[{"targets":["example.test:9100"],"labels":{}}]`,
		"too long":         `[{"targets":["192.0.2.1:9100"],"labels":{}}` + strings.Repeat(" ", 16<<20) + `]`,
		"label no string":  `[{"targets":[],"labels":{"a":1}}]`,
		"label no name":    `[{"targets":[],"labels":{"":"a"}}]`,
		"unknown field":    `[{"targets":[],"labels":{},"more":1}]`,
		"twice":            `[][]`,
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud().grow("web", "192.0.2.1")
			c.fail("Instances", assert.AnError)
			cfg := config(t, c)
			writeFile(t, cfg.File, garbage)
			agent := newAgent(t, cfg)
			require.Error(t, agent.RunOnce(t.Context()))
			assert.Equal(t, garbage, read(t, cfg.File))
			assert.Equal(t, 503, get(t, agent.Handler(noMetrics()), "/targets").Code, "garbage is not served")

			c.fail("Instances", nil)
			require.NoError(t, agent.RunOnce(t.Context()))
			assert.Equal(t, oneTarget, read(t, cfg.File))
		})
	}
}

func TestTemporaryFilesOfACrashAreRemovedAndOthersKept(t *testing.T) {
	cfg := config(t, newCloud().grow("web", "192.0.2.1"))
	dir := filepath.Dir(cfg.File)
	stale := filepath.Join(dir, ".config.json.123.tmp")
	others := []string{"config.json.tmp", ".other.json.123.tmp", "targets.json", ".config.json.swp"}
	writeFile(t, stale, "[")
	for _, name := range others {
		writeFile(t, filepath.Join(dir, name), "mine")
	}
	newAgent(t, cfg)
	assert.NoFileExists(t, stale)
	for _, name := range others {
		assert.FileExists(t, filepath.Join(dir, name))
	}
}

func TestFileThatWasChangedOrRemovedIsRestored(t *testing.T) {
	cfg := config(t, newCloud().grow("web", "192.0.2.1"))
	agent := newAgent(t, cfg)
	for name, spoil := range map[string]func(){
		"changed":           func() { writeFile(t, cfg.File, "[]") },
		"removed":           func() { require.NoError(t, os.Remove(cfg.File)) },
		"directory removed": func() { require.NoError(t, os.RemoveAll(filepath.Dir(cfg.File))) },
	} {
		require.NoError(t, agent.RunOnce(t.Context()))
		spoil()
		require.NoError(t, agent.RunOnce(t.Context()), name)
		assert.Equal(t, oneTarget, read(t, cfg.File), name)
	}
}

func TestFailedWriteLeavesNothingBehindAndIsRepeated(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	cfg := config(t, newCloud().grow("web", "192.0.2.1"))
	cfg.Registerer = reg
	agent := newAgent(t, cfg)
	// A directory in its place cannot be replaced by a file.
	require.NoError(t, os.MkdirAll(filepath.Join(cfg.File, "x"), 0o755))
	require.ErrorContains(t, agent.RunOnce(t.Context()), "write the targets file")
	onlyFile(t, cfg.File)
	assert.InDelta(t, 1, metric(t, reg, "exopool_discovery_refresh_failures_total", "write"), 0)
	assert.Equal(t, oneTarget, get(t, agent.Handler(reg), "/targets").Body.String(), "HTTP readers have the targets")

	require.NoError(t, os.RemoveAll(cfg.File))
	require.NoError(t, agent.RunOnce(t.Context()))
	assert.Equal(t, oneTarget, read(t, cfg.File))
}

func TestLinkStaysALink(t *testing.T) {
	cfg := config(t, newCloud().grow("web", "192.0.2.1"))
	target := filepath.Join(t.TempDir(), "elsewhere.json")
	writeFile(t, target, oldTarget)
	require.NoError(t, os.MkdirAll(filepath.Dir(cfg.File), 0o755))
	require.NoError(t, os.Symlink(target, cfg.File))
	require.NoError(t, newAgent(t, cfg).RunOnce(t.Context()))
	info, err := os.Lstat(cfg.File)
	require.NoError(t, err)
	assert.Equal(t, os.ModeSymlink, info.Mode().Type())
	assert.Equal(t, oneTarget, read(t, target))
}

func TestReaderAlwaysSeesACompleteFile(t *testing.T) {
	c := newCloud().grow("web", "192.0.2.1")
	cfg := config(t, c)
	agent := newAgent(t, cfg)
	require.NoError(t, agent.RunOnce(t.Context()))

	var stop atomic.Bool
	var wg sync.WaitGroup
	var reads atomic.Int64
	for range 2 {
		wg.Go(func() {
			for !stop.Load() {
				content, err := os.ReadFile(cfg.File)
				if !assert.NoError(t, err) {
					return
				}
				var groups []struct{ Targets []string }
				if !assert.NoError(t, json.Unmarshal(content, &groups)) ||
					!assert.Len(t, groups, 1) || !assert.NotEmpty(t, groups[0].Targets) {
					return
				}
				reads.Add(1)
			}
		})
	}
	for i := range 30 {
		c.grow("web", fmt.Sprintf("10.0.%d.%d", i/250, 1+i%250))
		require.NoError(t, agent.RunOnce(t.Context()))
	}
	stop.Store(true)
	wg.Wait()
	assert.Positive(t, reads.Load())
}

// Whatever an earlier run, or another program, left in the file: it is served
// only when it is a valid list of targets, and never touched by a start.
func FuzzFileFromEarlier(f *testing.F) {
	for _, seed := range []string{
		oneTarget, oldTarget, "[]", "null", "", `[{"targets":["[2001:db8::1]:9100"],"labels":{"é":"\u0000"}}]`,
		`[{"targets":[":1"],"labels":null}]`, "[{\"targets\":[\"a:1\"],\"labels\":{\"a\":\"\xff\"}}]",
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		cfg := config(t, newCloud())
		cfg.File = filepath.Join(dir, "config.json")
		require.NoError(t, os.WriteFile(cfg.File, content, 0o600))
		w := get(t, newAgent(t, cfg).Handler(noMetrics()), "/targets")
		assert.Equal(t, string(content), read(t, cfg.File))
		if w.Code != 200 {
			return
		}
		var groups []struct {
			Targets []string
			Labels  map[string]string
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &groups))
		require.NotNil(t, groups)
		for _, g := range groups {
			for _, target := range g.Targets {
				at, err := netip.ParseAddrPort(target)
				require.NoError(t, err)
				require.NotZero(t, at.Port())
				require.False(t, at.Addr().IsLoopback() || at.Addr().IsMulticast() || at.Addr().IsLinkLocalUnicast() || at.Addr().Zone() != "")
			}
		}
	})
}
