package e2e_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/process"
	"github.com/exopool/exopool/internal/programtest"
	"github.com/exopool/exopool/internal/rehearsal/notifier"
	"github.com/exopool/exopool/internal/rehearsal/promserver"
	"github.com/exopool/exopool/terraform/files"
)

// scaled shortens a span of the real world.
func scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / speed).Round(time.Millisecond)
}

// A system is what the monitoring machine would run.
type system struct {
	monitor *promserver.Server
	logs    map[string]*programtest.Output
}

// start starts discovery, monitor, alerting and autoscaler; they end with the
// test.
func start(t *testing.T, c *cloud, i installation) system {
	t.Helper()
	key, secret := i.restrictedKey(t)
	owner, _ := c.Credential()
	require.NotEqual(t, owner, key, "the programs do not hold the key that created everything")
	token := "t" + i.name
	s := system{logs: map[string]*programtest.Output{}}
	dir, port := t.TempDir(), freePort(t)
	targets := filepath.Join(dir, "targets.json")
	environ := map[string]string{
		"EXOSCALE_KEY": key, "EXOSCALE_SECRET": secret, "EXOSCALE_ZONE": "at-vie-1",
		"EXOSCALE_INSTANCEPOOL_ID": c.Pools()[0].ID, "WEBHOOK_TOKEN": token,
	}
	// Members are on this host, which discovery takes for a mistake unless the API
	// is here, too.
	s.run(t, c, environ, "discovery", "-endpoint", c.fake.Connection().APIEndpoint(), "-file", targets, "-listen", "none",
		"-refresh", scaled(10*time.Second).String(), "-port", strconv.Itoa(c.fake.PortFor(process.ExporterPort)))
	s.run(t, c, environ, "autoscaler", "-interval", scaled(time.Minute).String(), "-poll", scaled(3*time.Second).String(),
		"-expiry", scaled(5*time.Minute).String(), "-max", strconv.Itoa(limit), "-state-dir", filepath.Join(dir, "state"),
		"-listen-address", "127.0.0.1", "-listen-port", strconv.Itoa(port))
	t.Cleanup(func() {
		for name, log := range s.logs {
			assert.NotContains(t, log.String(), secret, "%s keeps its secret", name)
			if t.Failed() {
				t.Logf("log of %s:\n%s", name, log)
			}
		}
	})

	alerts, err := notifier.New(notifier.Config{
		URL: fmt.Sprintf("http://127.0.0.1:%d", port), Token: token,
		GroupInterval: scaled(10 * time.Second), RepeatInterval: scaled(45 * time.Second),
	})
	require.NoError(t, err)
	s.monitor, err = promserver.Open(promserver.Config{
		Dir: filepath.Join(dir, "tsdb"), TargetsFile: targets,
		Files: files.Monitoring(), Speed: speed, Notify: alerts.Update,
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.monitor.Close()) })
	background(t, s.monitor.Run, alerts.Run)
	return s
}

// run builds one of our programs and runs it as a user would: by default
// it finds the emulator at the real API's address.
func (s system) run(t *testing.T, c *cloud, environ map[string]string, name string, args ...string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, build(t, name), args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	for _, variables := range []map[string]string{c.environ, environ} {
		for variable, value := range variables {
			cmd.Env = append(cmd.Env, variable+"="+value)
		}
	}
	s.logs[name] = &programtest.Output{}
	cmd.Stdout, cmd.Stderr = s.logs[name], s.logs[name]
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it was signalled to end
		assert.Equal(t, 0, cmd.ProcessState.ExitCode(), "%s ends well", name)
	})
}

// background runs functions until the test ends.
func background(t *testing.T, functions ...func(context.Context) error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, run := range functions {
		running.Go(func() { assert.NoError(t, run(ctx)) })
	}
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// fetch returns the status and the whole body of an answer.
func fetch(t *testing.T, address string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}).Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, strings.TrimSpace(string(content))
}
