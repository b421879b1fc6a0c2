package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/fake/machine/process/member"
)

// asProgram makes the test binary be the program, for tests of signals.
const asProgram = "EXOPOOL_TEST_RUN_DEMO"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Unsetenv(asProgram)
		main()
	}
	if code, ok := member.Run(os.Args); ok {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

func noEnvironment(string) string { return "" }

func TestWrongFlagsAreAllNamed(t *testing.T) {
	tests := map[string]struct {
		args []string
		want []string
	}{
		"an unknown flag": {[]string{"-sped", "3"}, []string{"-sped", "demo -h"}},
		"an argument":     {[]string{"fast"}, []string{`the argument "fast"`, "demo -h"}},
		"several wrong at once": {
			[]string{"-speed", "99", "-max", "1", "-page", "0.0.0.0:80"},
			[]string{`-speed is "99"`, "-max is 1, not above the minimum size 1", `-page is "0.0.0.0:80"`},
		},
		"a Grafana that is not there":  {[]string{"-grafana", "/nowhere/grafana"}, []string{"no grafana found at /nowhere/grafana"}},
		"a home for no Grafana":        {[]string{"-grafana-home", "/nowhere"}, []string{"-grafana-home was given without a Grafana"}},
		"a hill by hand":               {[]string{"-interactive", "-load", "hill"}, []string{"-load is hill, beside -interactive"}},
		"a log that cannot be written": {[]string{"-log", "/nowhere/log"}, []string{"/nowhere/log"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer

			code := run(t.Context(), tt.args, noEnvironment, console{null(t), null(t), &stderr})

			assert.Equal(t, command.ExitUsage, code)
			for _, text := range tt.want {
				assert.Contains(t, stderr.String(), text)
			}
		})
	}
}

func TestTheSpeedThatIsNotGiven(t *testing.T) {
	for args, want := range map[string]float64{
		"":                          20,
		"-speed 5":                  5,
		"-real-time":                1,
		"-policy follow":            8,
		"-load hill":                8,
		"-policy target -speed 20":  20,
		"-policy follow -real-time": 1,
	} {
		t.Run(args, func(t *testing.T) {
			set, cfg := declare(noEnvironment)
			program := command.Command{Set: set, Short: "test", Run: func(context.Context) error { return nil }}
			require.Equal(t, command.ExitOK, program.Execute(t.Context(), strings.Fields(args), io.Discard, io.Discard))
			assert.InDelta(t, want, cfg.System.Speed, 0)
		})
	}
}

func TestHelpSaysWhatIsShownAndHow(t *testing.T) {
	help := filepath.Join(t.TempDir(), "help")
	out, err := os.Create(help)
	require.NoError(t, err)

	code := run(t.Context(), []string{"-h"}, noEnvironment, console{null(t), out, io.Discard})

	require.NoError(t, out.Close())
	assert.Equal(t, command.ExitOK, code)
	said, err := os.ReadFile(help)
	require.NoError(t, err)
	for _, text := range []string{"-real-time", "-interactive", "-json", "-grafana", "Exit code 0 means"} {
		assert.Contains(t, string(said), text)
	}
}

// A demo that is interrupted in the middle says so, and leaves no process and
// no file behind.
func TestInterruptLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	report := filepath.Join(t.TempDir(), "summary.json")
	demo := start(t, dir, "-json", report)
	demo.await(t, "10 clients send requests in parallel")
	members := children(t, demo.Process.Pid)
	require.NotEmpty(t, members, "a member serves")

	assert.Equal(t, command.ExitFailure, demo.end(t, syscall.SIGINT, "interrupted"), "the scenario did not end")

	for _, pid := range members {
		assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "member %d is gone", pid)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
	summary := readSummary(t, report)
	assert.Equal(t, false, summary["passed"])
	assert.Contains(t, summary["failures"], "interrupted")
}

// A user who drives the load does not get a verdict.
func TestInteractiveRunEndsWithoutAVerdict(t *testing.T) {
	t.Parallel()
	report := filepath.Join(t.TempDir(), "summary.json")
	demo := start(t, t.TempDir(), "-interactive", "-json", report)
	demo.await(t, "waiting for you to set the load")

	assert.Equal(t, command.ExitOK, demo.end(t, syscall.SIGINT, "20x speed"))

	assertNotJudged(t, demo, report)
}

// Nor does one who changes the load that the demo would have played.
func TestWhoTakesOverTheLoadGetsNoVerdict(t *testing.T) {
	t.Parallel()
	report := filepath.Join(t.TempDir(), "summary.json")
	demo := start(t, t.TempDir(), "-json", report)
	page := demo.page(t)
	demo.await(t, "10 clients send requests in parallel")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, page+"api/load", strings.NewReader(`{"clients": 1}`))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	demo.await(t, "the load is yours from here")
	demo.await(t, "1 client sends requests")

	assert.Equal(t, command.ExitOK, demo.end(t, syscall.SIGTERM, "20x speed"))

	assertNotJudged(t, demo, report)
}

func assertNotJudged(t *testing.T, demo *process, report string) {
	t.Helper()
	assert.Contains(t, demo.seen.String(), "driven by hand")
	assert.NotContains(t, demo.seen.String(), "FAILED")
	summary := readSummary(t, report)
	assert.Contains(t, summary, "passed")
	assert.Nil(t, summary["passed"])
	assert.Nil(t, summary["failures"])
}

func readSummary(t *testing.T, file string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var summary map[string]any
	require.NoError(t, json.Unmarshal(data, &summary))
	return summary
}

// With -grafana auto and no Grafana, the built-in rules are used, and a note says
// so.
func TestWithoutAGrafanaTheBuiltInRulesTakeItsPlace(t *testing.T) {
	if _, err := os.Stat("/usr/share/grafana"); err == nil {
		t.Skip("there is a Grafana in /usr/share/grafana, which would be taken")
	}
	t.Setenv("PATH", "/nowhere")
	demo := start(t, t.TempDir(), "-interactive", "-grafana", "auto")
	demo.await(t, "alerts are evaluated by the built-in rules")
	demo.await(t, "waiting for you to set the load")

	assert.Equal(t, command.ExitOK, demo.end(t, syscall.SIGINT, "20x speed"))

	assert.Contains(t, demo.stderr.String(), "no Grafana found on this host")
}

func null(t *testing.T) *os.File {
	t.Helper()
	file, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	return file
}
