//go:build linux

package monitoring_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A server is Prometheus with the installed configuration, on a loopback address
// of its own.
type server struct {
	address string
	dir     string
	began   time.Time
}

// newServer returns one below 127.net.
func newServer(t *testing.T, net int) *server {
	t.Helper()
	s := &server{
		began: time.Now(), dir: t.TempDir(),
		address: fmt.Sprintf("127.%d.%d.%d", net, os.Getpid()>>7&127, os.Getpid()&127+1),
	}
	require.NoError(t, os.Mkdir(filepath.Dir(s.targets()), 0o750))
	return s
}

// targets is the file that names the members.
func (s *server) targets() string { return filepath.Join(s.dir, "targets", "config.json") }

// config is where the installed configuration is.
func (s *server) config() string { return filepath.Join(s.dir, "etc", "prometheus.yml") }

// prometheus starts Prometheus with the installed configuration, and with more
// at its end, as the installed unit does. All that differs are addresses,
// folders, and shorter spans of time.
func (s *server) prometheus(t *testing.T, binary, more string) {
	t.Helper()
	etc := filepath.Dir(s.config())
	require.NoError(t, os.CopyFS(etc, os.DirFS(prometheusFiles)))
	text := strings.NewReplacer(
		"127.0.0.1:", s.address+":", "/srv/service-discovery/config.json", s.targets(),
		"scrape_interval: 5s", "scrape_interval: 1s", "scrape_timeout: 4s", "scrape_timeout: 1s",
		"evaluation_interval: 5s", "evaluation_interval: 1s", "refresh_interval: 30s", "refresh_interval: 1s",
		"[rules/*.yml]", "[rules/*.yml, rules-optional/*.yml]",
	).Replace(string(read(t, s.config())) + more)
	require.NoError(t, os.WriteFile(s.config(), []byte(text), 0o600))
	alerts := filepath.Join(etc, "rules-optional", "alerts.yml")
	text = strings.NewReplacer("interval: 10s", "interval: 1s", "interval: 30s", "interval: 1s").Replace(string(read(t, alerts)))
	require.NoError(t, os.WriteFile(alerts, []byte(text), 0o600))
	prices := "groups: [{name: prices, rules: [{record: 'exopool:base_price:per_hour', expr: '0.05', labels: {currency: EUR}}," +
		" {record: 'exopool:member_price:per_hour', expr: '0.01', labels: {currency: EUR}}]}]\n"
	require.NoError(t, os.WriteFile(filepath.Join(etc, "rules", "prices.yml"), []byte(prices), 0o600))
	s.start(t, nil, binary, append(s.flags(t), "--web.listen-address="+s.address+":9090")...)
	s.await(t, "http://"+s.address+":9090/-/ready")
}

// flags are those of the installed unit, with the folders of this server.
func (s *server) flags(t *testing.T) []string {
	t.Helper()
	unit := string(read(t, monitoringFiles+"/etc/systemd/system/prometheus.service.d/exopool.conf"))
	_, command, found := strings.Cut(strings.ReplaceAll(unit, "\\\n", " "), "ExecStart=/usr/bin/prometheus ")
	require.True(t, found)
	command, _, _ = strings.Cut(command, "\n")
	return strings.Fields(strings.NewReplacer(
		"/etc/exopool/prometheus.yml", s.config(), "/var/lib/prometheus/metrics2/", filepath.Join(s.dir, "tsdb"),
	).Replace(command))
}

// start runs a program until the test ends, and then asks it to stop.
func (s *server) start(t *testing.T, env []string, path string, args ...string) {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(path, args...) // told to stop, not killed
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 10 * time.Second
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		assert.NoError(t, cmd.Wait(), said.String())
		if t.Failed() {
			text := said.String()
			t.Logf("%s said at last:\n%s", filepath.Base(path), text[max(0, len(text)-4000):])
		}
	})
}

// await returns once the address answers with success.
func (s *server) await(t *testing.T, address string) {
	t.Helper()
	require.Eventually(t, func() bool {
		resp, err := http.Get(address)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, 30*time.Second, 50*time.Millisecond, address)
}

// ask returns how many series a query has shown since the test began, as a
// graph would ask for them.
func (s *server) ask(t *testing.T, query string) int {
	t.Helper()
	var answer struct {
		Status, Error string
		Data          struct{ Result []json.RawMessage }
	}
	s.getJSON(t, "/api/v1/query_range?"+url.Values{
		"query": {query}, "step": {"1"},
		"start": {strconv.FormatInt(s.began.Unix(), 10)}, "end": {strconv.FormatInt(time.Now().Unix(), 10)},
	}.Encode(), &answer)
	require.Equal(t, "success", answer.Status, "%s: %s", query, answer.Error)
	return len(answer.Data.Result)
}

// A sample is what a query shows of one series.
type sample struct {
	Metric map[string]string
	Value  float64
}

// now returns what a query shows now.
func (s *server) now(t *testing.T, query string) []sample {
	t.Helper()
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	s.getJSON(t, "/api/v1/query?"+url.Values{"query": {query}}.Encode(), &answer)
	require.Equal(t, "success", answer.Status, "%s: %s", query, answer.Error)
	samples := make([]sample, 0, len(answer.Data.Result))
	for _, result := range answer.Data.Result {
		value, err := strconv.ParseFloat(fmt.Sprint(result.Value[1]), 64)
		require.NoError(t, err)
		samples = append(samples, sample{result.Metric, value})
	}
	return samples
}

func (s *server) getJSON(t *testing.T, path string, answer any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(s.get(t, "9090"+path)), answer))
}

// get returns what the monitoring machine answers on a port and path.
func (s *server) get(t *testing.T, portAndPath string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.address+":"+portAndPath, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}
