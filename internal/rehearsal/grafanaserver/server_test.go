package grafanaserver_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
	"github.com/exopool/exopool/terraform/files"
)

const (
	unit     = "etc/systemd/system/grafana-server.service.d/exopool.conf"
	deadline = 20 * time.Second
	poll     = 10 * time.Millisecond
)

func config(t *testing.T, how string) grafanaserver.Config {
	t.Helper()
	found, err := grafanaserver.Find(t.Context(), install(t, "grafana", how), "")
	require.NoError(t, err)
	return grafanaserver.Config{
		Installation: found, Files: files.Monitoring(), Dir: t.TempDir(),
		PrometheusURL: "http://127.0.0.1:1234", AutoscalerURL: "http://127.0.0.1:5678", WebhookToken: "a-token",
		Grace: 500 * time.Millisecond,
	}
}

// A run is a Grafana that was started.
type run struct {
	*grafanaserver.Server

	dir  string
	end  context.CancelFunc
	done chan error
}

func start(t *testing.T, cfg grafanaserver.Config) *run {
	t.Helper()
	server, err := grafanaserver.New(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	r := &run{Server: server, dir: cfg.Dir, end: cancel, done: make(chan error, 1)}
	t.Cleanup(cancel)
	go func() { r.done <- server.Run(ctx) }()
	return r
}

// started is what the program was started with.
type started struct {
	Arguments   []string
	Environment []string
	PID, Child  int
}

func (r *run) started(t *testing.T) started {
	t.Helper()
	var s started
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(filepath.Join(r.dir, "started.json"))
		return err == nil && json.Unmarshal(text, &s) == nil
	}, deadline, poll)
	return s
}

func (s started) gone() bool {
	return syscall.Kill(s.PID, 0) == syscall.ESRCH && syscall.Kill(s.Child, 0) == syscall.ESRCH
}

func ready(t *testing.T, r *run) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	return r.AwaitReady(ctx)
}

func TestServerReturnsWhatGrafanaAnswers(t *testing.T) {
	t.Parallel()
	r := start(t, config(t, wellBehaved))
	require.NoError(t, ready(t, r))

	rules, err := r.Rules(t.Context())
	require.NoError(t, err)
	require.Len(t, rules, 2)
	assert.Equal(t, []string{"autoscaling", "CPU high", grafanaserver.Firing}, []string{rules[0].Group, rules[0].Name, rules[0].State})
	points, err := r.ContactPoints(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:8090/up", points[0].Settings.URL)
	root, err := r.Policy(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "10s", root.Routes[0].GroupInterval)
	dashboards, err := r.Dashboards(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []grafanaserver.Dashboard{{UID: "exopool-pool", Title: "Pool", FolderTitle: "Exopool"}}, dashboards)
	value, known, err := r.Query(t.Context(), "prometheus", "x")
	require.NoError(t, err)
	assert.True(t, known)
	assert.InDelta(t, 42.5, value, 0)
	require.ErrorContains(t, r.CheckDatasource(t.Context(), "other"), "status 404")
	assert.Empty(t, r.ProvisioningErrors())
}

func TestGrafanaGetsTheFilesOfTheMonitoringMachine(t *testing.T) {
	t.Parallel()
	cfg := config(t, wellBehaved)
	r := start(t, cfg)
	r.started(t)
	for _, tree := range []string{"provisioning", "dashboards"} {
		err := fs.WalkDir(cfg.Files, "etc/grafana/"+tree, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			want, err := fs.ReadFile(cfg.Files, name)
			require.NoError(t, err)
			got, err := os.ReadFile(filepath.Join(r.dir, strings.TrimPrefix(name, "etc/grafana/")))
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got), name)
			return nil
		})
		require.NoError(t, err)
	}
	assert.DirExists(t, filepath.Join(r.dir, "provisioning", "plugins"), "as in the home")
}

// What differs from the monitoring machine is named here, one by one.
func TestGrafanaGetsTheSettingsOfTheMonitoringMachine(t *testing.T) {
	t.Parallel()
	cfg := config(t, wellBehaved)
	r := start(t, cfg)
	s := r.started(t)
	text, err := fs.ReadFile(cfg.Files, unit)
	require.NoError(t, err)
	replaced := []string{"PROMETHEUS_URL", "AUTOSCALER_URL", "DASHBOARD_DIR", "GF_SERVER_HTTP_PORT"}
	same := 0
	for lines := bufio.NewScanner(strings.NewReader(string(text))); lines.Scan(); {
		setting, ok := strings.CutPrefix(lines.Text(), "Environment=")
		if name, _, _ := strings.Cut(setting, "="); !ok || slices.Contains(replaced, name) {
			continue
		}
		same++
		assert.Contains(t, s.Environment, setting)
	}
	assert.Greater(t, same, 3)
	assert.Contains(t, s.Environment, "PROMETHEUS_URL=http://127.0.0.1:1234")
	assert.Contains(t, s.Environment, "AUTOSCALER_URL=http://127.0.0.1:5678")
	assert.Contains(t, s.Environment, "DASHBOARD_DIR="+filepath.Join(r.dir, "dashboards"))
	assert.Contains(t, s.Environment, "WEBHOOK_TOKEN=a-token")
	assert.Contains(t, s.Environment, "GF_SERVER_HTTP_ADDR=127.0.0.1")
}

func TestOnlyTheUserCanReadThePassword(t *testing.T) {
	t.Parallel()
	cfg := config(t, wellBehaved)
	r := start(t, cfg)
	s := r.started(t)
	info, err := os.Stat(r.PasswordFile())
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	password, err := os.ReadFile(r.PasswordFile())
	require.NoError(t, err)
	assert.Greater(t, len(password), 20)

	assert.Equal(t, []string{"server", "--homepath", filepath.Join(r.dir, "home")}, s.Arguments, "arguments are seen by everyone")
	assert.Contains(t, s.Environment, "GF_SECURITY_ADMIN_PASSWORD="+string(password))
	assert.NotContains(t, s.Environment, "GF_SECURITY_SECRET_KEY="+string(password))
	again, err := grafanaserver.New(cfg)
	require.NoError(t, err)
	kept, err := os.ReadFile(again.PasswordFile())
	require.NoError(t, err)
	assert.Equal(t, password, kept, "a restart changes nothing")
}

func TestNothingOutlivesTheRun(t *testing.T) {
	for _, how := range []string{wellBehaved, stubborn} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			r := start(t, config(t, how))
			s := r.started(t)
			require.False(t, s.gone())

			r.end()

			require.NoError(t, <-r.done)
			assert.Eventually(t, s.gone, deadline, poll)
		})
	}
}

// A program that is killed has no time to end anything.
func TestGrafanaDoesNotOutliveAProgramThatIsKilled(t *testing.T) {
	t.Parallel()
	cfg := config(t, wellBehaved)
	program := exec.CommandContext(t.Context(), os.Args[0])
	program.Env = append(os.Environ(), runGrafana+"="+
		strings.Join([]string{cfg.Installation.Program, cfg.Installation.Home, cfg.Dir}, "\n"))
	require.NoError(t, program.Start())
	r := &run{dir: cfg.Dir}
	s := r.started(t)
	t.Cleanup(func() { _ = syscall.Kill(s.Child, syscall.SIGKILL) }) // no other process does

	require.NoError(t, program.Process.Kill())
	_ = program.Wait()

	assert.Eventually(t, func() bool { return syscall.Kill(s.PID, 0) == syscall.ESRCH }, deadline, poll)
}

func TestGrafanaThatExitsSaysWhy(t *testing.T) {
	t.Parallel()
	r := start(t, config(t, shortLived))

	err := <-r.done

	require.ErrorContains(t, err, "grafana exited after")
	starts, readErr := os.ReadFile(filepath.Join(r.dir, "starts"))
	require.NoError(t, readErr)
	assert.Len(t, starts, 3, "started again, as the unit does")
	require.ErrorContains(t, err, "exit status 3")
	require.ErrorContains(t, err, "cannot go on")
	require.ErrorContains(t, ready(t, r), "it has exited")
	assert.Eventually(t, r.started(t).gone, deadline, poll, "what it started has ended, too")
}

func TestErrorInTheFilesEndsTheWait(t *testing.T) {
	t.Parallel()
	r := start(t, config(t, misled))
	require.Eventually(t, func() bool { return len(r.ProvisioningErrors()) == 1 }, deadline, poll)
	assert.Contains(t, r.ProvisioningErrors()[0], "no such receiver")
}

func TestConfigurationFaultsAreNamed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*grafanaserver.Config)
		says   string
	}{
		"nothing found":      {func(c *grafanaserver.Config) { c.Installation = grafanaserver.Installation{} }, "Installation"},
		"no files":           {func(c *grafanaserver.Config) { c.Files = nil }, "Files are missing"},
		"no folder":          {func(c *grafanaserver.Config) { c.Dir = "/nowhere" }, `Dir "/nowhere"`},
		"other address":      {func(c *grafanaserver.Config) { c.PrometheusURL = "localhost" }, `PrometheusURL "localhost"`},
		"digits as token":    {func(c *grafanaserver.Config) { c.WebhookToken = "123456" }, "start it with a letter"},
		"no unit":            {func(c *grafanaserver.Config) { c.Files = onlyGrafana(t, "") }, "read the unit of grafana"},
		"unit not plain":     {func(c *grafanaserver.Config) { c.Files = onlyGrafana(t, `Environment="A=b" "C=d"`) }, "more than one plain assignment"},
		"unit not in pieces": {func(c *grafanaserver.Config) { c.Files = onlyGrafana(t, `Environment=A`) }, "more than one plain assignment"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, wellBehaved)
			test.change(&cfg)
			_, err := grafanaserver.New(cfg)
			require.ErrorContains(t, err, test.says)
			assert.NotContains(t, err.Error(), "123456", "no secret in an error")
		})
	}
}

// onlyGrafana has the folders of Grafana, and this unit.
func onlyGrafana(t *testing.T, line string) fs.FS {
	t.Helper()
	all := fstest.MapFS{
		"etc/grafana/provisioning/x.yaml": {Data: []byte("apiVersion: 1\n")},
		"etc/grafana/dashboards/x.json":   {Data: []byte("{}\n")},
	}
	if line != "" {
		all[unit] = &fstest.MapFile{Data: []byte("[Service]\n" + line + "\n")}
	}
	return all
}
