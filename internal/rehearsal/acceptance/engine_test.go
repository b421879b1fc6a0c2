package acceptance_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// An engine runs the programs of a solution. Time is the bubble's.
type engine struct {
	solution *solution
	built    []string
	closed   int

	// Mistakes in the programs.
	broken     bool   // the image cannot be built
	crashes    bool   // the container does not start
	file       string // instead of the targets
	port       string // instead of TARGET_PORT
	path       string // of the file, instead of the right one
	refuses    bool   // webhooks
	local      bool   // listens on a loopback address
	ignores    bool   // webhooks
	greedy     bool   // takes the last member, too, after half a minute
	exitCode   int
	said       string
	containers []*container
}

// withEngine adds the optional folders to a solution, and what runs them.
func withEngine(t *testing.T, s *solution, cfg acceptance.Config) (*engine, acceptance.Config) {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{"servicediscovery", "autoscaler"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, folder), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, folder, "Dockerfile"), nil, 0o600))
	}
	e := &engine{solution: s}
	cfg.Dir, cfg.Engine, s.engine = dir, e, e
	return e, cfg
}

func (e *engine) Build(_ context.Context, dir string) (string, error) {
	if e.broken {
		return "", errors.New("COPY failed")
	}
	time.Sleep(30 * time.Second)
	e.built = append(e.built, filepath.Base(dir))
	return filepath.Base(dir), nil
}

func (e *engine) Start(_ context.Context, spec acceptance.ContainerSpec) (acceptance.Container, error) {
	if e.crashes {
		return nil, errors.New("exec format error")
	}
	c := &container{engine: e, spec: spec}
	e.containers = append(e.containers, c)
	return c, nil
}

type container struct {
	engine *engine
	spec   acceptance.ContainerSpec
}

func (c *container) URL() string { return "http://container" }

func (c *container) ReadFile(_ context.Context, name string) ([]byte, error) {
	e := c.engine
	if e.path != "" || name != "config.json" {
		return nil, os.ErrNotExist
	}
	if e.file != "" {
		return []byte(e.file), nil
	}
	port := c.spec.Env["TARGET_PORT"]
	if e.port != "" {
		port = e.port
	}
	targets := []string{}
	for _, i := range e.solution.members() {
		targets = append(targets, i.Address.String()+":"+port)
	}
	return json.Marshal([]any{map[string]any{"targets": targets, "labels": map[string]string{}}})
}

func (c *container) Stop(context.Context) (int, error)   { return c.engine.exitCode, nil }
func (c *container) Log(context.Context) (string, error) { return c.engine.said, nil }
func (c *container) Close(context.Context) error {
	c.engine.closed++
	return nil
}

// webhook is what the autoscaler does; false: it refuses.
func (e *engine) webhook(path string) bool {
	size := e.solution.cloud.Pools()[0].Size
	switch {
	case e.refuses:
		return false
	case e.ignores:
	case path == "/up":
		e.solution.resize(size + 1)
	case path == "/down" && size == 1 && e.greedy:
		time.AfterFunc(30*time.Second, func() { e.solution.resize(0) })
	case path == "/down" && size > 1:
		e.solution.resize(size - 1)
	}
	return true
}

func TestOptionalScenariosRunContainers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		e, cfg := withEngine(t, s, s.config())
		for _, r := range rehearse(t.Context(), t, cfg).Results {
			assert.Equal(t, acceptance.Passed, r.Outcome, "%s: %s: %s", r.Scenario, r.Line, r.Note)
			assert.Equal(t, r.Scenario == "discovery" || r.Scenario == "autoscaler", r.Optional)
		}
		assert.Equal(t, []string{"servicediscovery", "autoscaler"}, e.built)
		assert.Equal(t, 2, e.closed)
		key, secret := s.cloud.Credential()
		for _, c := range e.containers {
			assert.Equal(t, key, c.spec.Env["EXOSCALE_KEY"])
			assert.Equal(t, secret, c.spec.Env["EXOSCALE_SECRET"])
			assert.Equal(t, "at-vie-1", c.spec.Env["EXOSCALE_ZONE"])
			assert.NotEmpty(t, c.spec.Env["EXOSCALE_ZONE_ID"])
			assert.Equal(t, s.pool, c.spec.Env["EXOSCALE_INSTANCEPOOL_ID"])
			assert.NotEqual(t, c.spec.Env["TARGET_PORT"], c.spec.Env["LISTEN_PORT"])
			assert.Positive(t, c.spec.Port)
		}
	})
}

func TestEachMistakeInAContainerFailsItsLineOnly(t *testing.T) {
	tests := []struct {
		name    string
		mistake func(*engine)
		lines   []string // that fail, in order
		note    string   // of the first one
		took    time.Duration
	}{
		{"broken images", func(e *engine) { e.broken = true }, []string{
			"an image is built from the folder servicediscovery alone", "an image is built from the folder autoscaler alone",
		}, "COPY failed", 0},
		{"wrong architecture", func(e *engine) { e.crashes = true }, []string{
			"a container of that image starts", "a container of that image starts",
		}, "exec format error", 0},
		{"no file", func(e *engine) { e.path = "/tmp/x" }, []string{lineFile}, "timed out after 5m0s: ", 5 * time.Minute},
		{"no JSON", func(e *engine) { e.file = "targets:" }, []string{lineFile}, "config.json is not valid: ", 5 * time.Minute},
		{
			"port of the exporter", func(e *engine) { e.port, e.said = "9100", "first\nwrote 2 targets\n" },
			[]string{lineFile},
			`:9100" is not TARGET_PORT; its last output: wrote 2 targets`, 5 * time.Minute,
		},
		{"a target too many", func(e *engine) { e.file = `[{"targets":["a:1","b:1","c:1"]}]` }, []string{lineFile}, `; no member is at "a:1"`, 5 * time.Minute},
		{
			"errors", func(e *engine) { e.refuses = true },
			[]string{"after a webhook at /up there are 2 members"},
			"send a webhook to /up, 11 times: it answers 500", 0,
		},
		{
			"no action", func(e *engine) { e.ignores = true },
			[]string{"after a webhook at /up there are 2 members"},
			"timed out after 15m0s: 1 member", 15 * time.Minute,
		},
		{"killed", func(e *engine) { e.exitCode = 137 }, []string{
			"the container ends with exit code 0 when it is stopped", "the container ends with exit code 0 when it is stopped",
		}, "its exit code is 137: it did not end when it was asked to, and was killed", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSolution(t)
				e, cfg := withEngine(t, s, s.config())
				test.mistake(e)
				verdict := rehearse(t.Context(), t, cfg)
				assert.False(t, verdict.Failed(), "it is optional")
				failures := failed(verdict)
				assert.Equal(t, test.lines, lines(failures))
				require.NotEmpty(t, failures)
				assert.Contains(t, failures[0].Note, test.note)
				assert.InDelta(t, test.took, failures[0].Took, float64(2*time.Second))
				assert.Equal(t, len(e.containers), e.closed)
			})
		})
	}
}

func TestTheLastMemberIsWatchedForLongerThanTheCheckerDoes(t *testing.T) {
	for _, greedy := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newSolution(t)
			e, cfg := withEngine(t, s, s.config())
			e.greedy = greedy
			verdict := rehearse(t.Context(), t, cfg)
			assert.Empty(t, failed(verdict), "the checker sees nothing of it")
			at := slices.IndexFunc(verdict.Advice, func(a acceptance.Advice) bool { return a.Text == "the autoscaler leaves the last member" })
			if assert.Equal(t, greedy, at >= 0) && greedy {
				assert.Equal(t, "after another webhook at /down it set the pool to 0 members", verdict.Advice[at].Seen)
			}
		})
	}
}

func TestOptionalScenariosAreSkippedWithTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		e, cfg := withEngine(t, s, s.config())
		require.NoError(t, os.RemoveAll(filepath.Join(cfg.Dir, "servicediscovery")))
		require.NoError(t, os.Remove(filepath.Join(cfg.Dir, "autoscaler", "Dockerfile")))
		verdict := rehearse(t.Context(), t, cfg)
		r := find(t, verdict, "discovery", "a container of that image starts")
		assert.Equal(t, acceptance.Skipped, r.Outcome)
		assert.Equal(t, `not a part of this installation: there is no folder "servicediscovery"`, r.Note)
		assert.Equal(t, []string{"an image is built from the folder autoscaler alone"}, lines(failed(verdict)))
		assert.Empty(t, e.containers)
	})
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		_, cfg := withEngine(t, s, s.config())
		cfg.Engine, cfg.NoEngine = nil, "nothing here runs containers"
		verdict := rehearse(t.Context(), t, cfg)
		assert.Equal(t, "nothing here runs containers", find(t, verdict, "autoscaler", lineApply).Note)
		assert.False(t, verdict.Failed())
	})
}

// answerWebhook is the port that a container publishes.
func (e *engine) answerWebhook(req *http.Request) int {
	if e.webhook(req.URL.Path) {
		return http.StatusOK
	}
	return http.StatusInternalServerError
}
