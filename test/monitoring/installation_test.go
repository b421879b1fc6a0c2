//go:build linux

package monitoring_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
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

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine"
)

const (
	zone    = "at-vie-1"
	token   = "a-token-for-webhooks"
	maximum = 3
)

// An installation is a pool with its monitoring machine: the real programs and
// the installed configuration, on a loopback address of its own.
type installation struct {
	cloud   *exoapi.Cloud
	driver  *machine.Process
	api     string
	pool    string
	address string // of the monitoring machine
	dir     string
	began   time.Time
}

// install starts a cloud with a pool of two members behind a load balancer.
func install(t *testing.T) *installation {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	const speed = 20
	in := &installation{began: time.Now(), dir: t.TempDir(), address: fmt.Sprintf("127.99.%d.%d", os.Getpid()>>7&127, os.Getpid()&127+1)}
	var err error
	in.driver, err = machine.NewProcess(t.Context(), machine.ProcessConfig{Log: quiet, Speed: speed, Dir: in.dir})
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Dir(in.targets()), 0o750))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, in.driver.Close(ctx))
	})
	in.cloud, err = exoapi.New(exoapi.Config{
		Machines: in.driver, Timing: exoapi.Timing{Speed: speed}, Logger: quiet, Zones: []string{zone},
		APIEndpoint: func(string) string { return in.api },
	})
	require.NoError(t, err)
	t.Cleanup(in.cloud.Close)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); in.cloud.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	server := httptest.NewServer(in.cloud.Handler())
	t.Cleanup(server.Close)
	in.api = server.URL + "/v2"
	in.furnish(t)
	return in
}

func (in *installation) furnish(t *testing.T) {
	t.Helper()
	first := func(path, key string) string {
		list := map[string][]struct{ ID string }{}
		require.NoError(t, in.cloud.Call(t.Context(), http.MethodGet, path, nil, &list))
		require.NotEmpty(t, list[key])
		return list[key][0].ID
	}
	type object map[string]any
	var err error
	in.pool, err = in.cloud.Do(t.Context(), http.MethodPost, "/v2/instance-pool", object{
		"name": "web", "size": 2, "disk-size": 10,
		"template":      object{"id": first("/v2/template?visibility=public", "templates")},
		"instance-type": object{"id": first("/v2/instance-type", "instance-types")},
	})
	require.NoError(t, err)
	balancer, err := in.cloud.Do(t.Context(), http.MethodPost, "/v2/load-balancer", object{"name": "web"})
	require.NoError(t, err)
	_, err = in.cloud.Do(t.Context(), http.MethodPost, "/v2/load-balancer/"+balancer+"/service", object{
		"name": "web", "instance-pool": object{"id": in.pool}, "protocol": "tcp", "strategy": "round-robin",
		"port": 80, "target-port": machine.LoadPort,
		"healthcheck": object{"mode": "http", "port": machine.LoadPort, "uri": "/health", "interval": 10, "timeout": 5, "retries": 1},
	})
	require.NoError(t, err)
}

// programs builds both programs and starts them.
func (in *installation) programs(t *testing.T) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", in.dir+string(filepath.Separator),
		"github.com/exopool/exopool/cmd/autoscaler", "github.com/exopool/exopool/cmd/discovery")
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	in.start(t, filepath.Join(in.dir, "autoscaler"), "-listen-address", in.address,
		"-interval", "2s", "-poll", "100ms", "-max", strconv.Itoa(maximum), "-state-dir", filepath.Join(in.dir, "state"))
	in.start(t, filepath.Join(in.dir, "discovery"), "-listen", in.address+":8091", "-member-metrics", "-refresh", "1s",
		"-file", in.targets(), "-port", strconv.Itoa(in.driver.PortFor(machine.ExporterPort)))
	in.await(t, "http://"+in.address+":8090/readyz")
	in.await(t, "http://"+in.address+":8091/readyz")
}

func (in *installation) targets() string { return filepath.Join(in.dir, "targets", "config.json") }

// start runs a program until the test ends, and then asks it to stop.
func (in *installation) start(t *testing.T, path string, args ...string) {
	t.Helper()
	key, secret := in.cloud.Credential()
	var said bytes.Buffer
	cmd := exec.Command(path, args...) // told to stop, not killed
	cmd.Env = []string{
		"EXOSCALE_KEY=" + key, "EXOSCALE_SECRET=" + secret, "EXOSCALE_ZONE=" + zone,
		"EXOSCALE_API_ENDPOINT=" + in.api, "EXOSCALE_INSTANCEPOOL_ID=" + in.pool, "WEBHOOK_TOKEN=" + token,
	}
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

// prometheus starts Prometheus with the installed configuration. All that
// differs are addresses, the place of the targets, and shorter spans of time.
func (in *installation) prometheus(t *testing.T, binary string) {
	t.Helper()
	etc := filepath.Join(in.dir, "etc")
	require.NoError(t, os.CopyFS(etc, os.DirFS(prometheusFiles)))
	config := filepath.Join(etc, "prometheus.yml")
	text := strings.NewReplacer(
		"127.0.0.1:", in.address+":", "/srv/service-discovery/config.json", in.targets(),
		"scrape_interval: 5s", "scrape_interval: 1s", "scrape_timeout: 4s", "scrape_timeout: 1s",
		"evaluation_interval: 5s", "evaluation_interval: 1s", "refresh_interval: 30s", "refresh_interval: 1s",
	).Replace(string(read(t, config)))
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	prices := "groups: [{name: prices, rules: [{record: 'exopool:base_price:per_hour', expr: '0.05', labels: {currency: EUR}}," +
		" {record: 'exopool:member_price:per_hour', expr: '0.01', labels: {currency: EUR}}]}]\n"
	require.NoError(t, os.WriteFile(filepath.Join(etc, "rules", "prices.yml"), []byte(prices), 0o600))
	in.start(t, binary, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(in.dir, "tsdb"),
		"--query.lookback-delta=1m", "--web.listen-address="+in.address+":9090")
	in.await(t, "http://"+in.address+":9090/-/ready")
}

// await returns once the address answers with success.
func (in *installation) await(t *testing.T, address string) {
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

// webhook posts to the autoscaler and returns the status of its answer.
func (in *installation) webhook(t *testing.T, path, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+in.address+":8090"+path, http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	return resp.StatusCode
}

// ask returns how many series a query has shown since the test began, as a
// graph would ask for them.
func (in *installation) ask(t *testing.T, query string) int {
	t.Helper()
	var answer struct {
		Status, Error string
		Data          struct{ Result []json.RawMessage }
	}
	in.getJSON(t, "/api/v1/query_range?"+url.Values{
		"query": {query}, "step": {"1"},
		"start": {strconv.FormatInt(in.began.Unix(), 10)}, "end": {strconv.FormatInt(time.Now().Unix(), 10)},
	}.Encode(), &answer)
	require.Equal(t, "success", answer.Status, "%s: %s", query, answer.Error)
	return len(answer.Data.Result)
}

func (in *installation) getJSON(t *testing.T, path string, answer any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(in.get(t, "9090"+path)), answer))
}

// get returns what the monitoring machine answers on a port and path.
func (in *installation) get(t *testing.T, portAndPath string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+in.address+":"+portAndPath, nil)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}
