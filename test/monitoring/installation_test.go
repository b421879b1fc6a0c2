//go:build linux

package monitoring_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/process"
)

const (
	zone    = "at-vie-1"
	token   = "a-token-for-webhooks"
	maximum = 3
)

// An installation is a pool with its monitoring machine: the real programs and
// the installed configuration.
type installation struct {
	*server

	cloud  *exoapi.Cloud
	driver *process.Driver
	api    string
	pool   string
}

// install starts a cloud with a pool of two members behind a load balancer.
func install(t *testing.T) *installation {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	const speed = 20
	in := &installation{server: newServer(t, 99)}
	var err error
	in.driver, err = process.New(t.Context(), process.Config{Log: quiet, Speed: speed, Dir: in.dir})
	require.NoError(t, err)
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
		"port": 80, "target-port": process.LoadPort,
		"healthcheck": object{"mode": "http", "port": process.LoadPort, "uri": "/health", "interval": 10, "timeout": 5, "retries": 1},
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
	in.program(t, "autoscaler", "-listen-address", in.address,
		"-interval", "2s", "-poll", "100ms", "-max", strconv.Itoa(maximum), "-state-dir", filepath.Join(in.dir, "state"))
	in.program(t, "discovery", "-listen", in.address+":8091", "-member-metrics", "-refresh", "1s",
		"-file", in.targets(), "-port", strconv.Itoa(in.driver.PortFor(process.ExporterPort)))
	in.await(t, "http://"+in.address+":8090/readyz")
	in.await(t, "http://"+in.address+":8091/readyz")
}

// program runs one of the programs until the test ends.
func (in *installation) program(t *testing.T, name string, args ...string) {
	t.Helper()
	key, secret := in.cloud.Credential()
	in.start(t, []string{
		"EXOSCALE_KEY=" + key, "EXOSCALE_SECRET=" + secret, "EXOSCALE_ZONE=" + zone,
		"EXOSCALE_API_ENDPOINT=" + in.api, "EXOSCALE_INSTANCEPOOL_ID=" + in.pool, "WEBHOOK_TOKEN=" + token,
	}, filepath.Join(in.dir, name), args...)
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
