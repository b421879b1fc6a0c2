package grafana_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/promserver"
	"github.com/exopool/exopool/terraform/files"
)

// The monitoring machine has the Prometheus of its distribution, which is older
// than the engine of the other tests.
func TestInstalledPrometheusServesTheAlerts(t *testing.T) {
	installation(t)
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("needs a prometheus in the PATH: apt-get install prometheus")
	}
	w := newPrograms(t, newFleet(t, 3, medium))
	w.startPrometheus(t, program)
	w.start(t)
	w.load(busy)
	crossed := w.crossing(t, above(80))

	hook := w.await(t, "/up", 1, latest+tolerance)
	w.note(t, "from crossing to webhook: %s", seconds(hook.at.Sub(crossed)))
	assert.Greater(t, hook.at.Sub(crossed), soonest-tolerance)
	assert.Equal(t, http.StatusOK, hook.status)
}

// startPrometheus runs a program with the installed files, in which only
// addresses and the name of the targets file are replaced.
func (w *world) startPrometheus(t *testing.T, program string) {
	t.Helper()
	port := freePort(t)
	w.jobs["prometheus"] = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	w.config.PrometheusURL = "http://" + w.jobs["prometheus"]
	root := filepath.Join(w.dir, "machine")
	require.NoError(t, os.CopyFS(root, files.Monitoring()))
	config := filepath.Join(root, "etc", "exopool", "prometheus.yml")
	text, err := os.ReadFile(config)
	require.NoError(t, err)
	replaced := strings.NewReplacer(
		"/srv/service-discovery/config.json", w.targets,
		"127.0.0.1:8090", w.jobs["autoscaler"], "127.0.0.1:8091", w.jobs["discovery"], "127.0.0.1:9090", w.jobs["prometheus"],
	).Replace(string(text))
	require.NoError(t, os.WriteFile(config, []byte(replaced), 0o600))

	ctx, cancel := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, program, "--config.file="+config, "--log.level=warn",
		"--storage.tsdb.path="+filepath.Join(w.dir, "data"), "--web.listen-address="+w.jobs["prometheus"])
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGTERM) }
	server.WaitDelay = 10 * time.Second
	var log strings.Builder
	server.Stdout, server.Stderr = &log, &log
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // whose end kills the program
		defer runtime.UnlockOSThread()
		_ = server.Run()
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		if t.Failed() {
			t.Logf("log of prometheus:\n%s", &log)
		}
	})
	w.average = w.asked
}

// asked asks Prometheus over HTTP. One that does not answer knows nothing.
func (w *world) asked(ctx context.Context) (percent float64, known bool, err error) {
	query := url.Values{"query": {promserver.Signal}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.config.PrometheusURL+"/api/v1/query?"+query.Encode(), nil)
	if err != nil {
		return 0, false, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, false, nil // it has not started yet
	}
	defer response.Body.Close()
	var answer struct {
		Data struct{ Result []struct{ Value [2]any } }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || len(answer.Data.Result) == 0 {
		return 0, false, err
	}
	_, err = fmt.Sscan(fmt.Sprint(answer.Data.Result[0].Value[1]), &percent)
	return percent, err == nil, err
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	address, ok := l.Addr().(*net.TCPAddr)
	require.True(t, ok)
	require.NoError(t, l.Close())
	return address.Port
}
