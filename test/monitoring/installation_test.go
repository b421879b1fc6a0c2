//go:build linux

package monitoring_test

import (
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
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

	cloud *fakecloud.Cloud
	pool  string
}

// install starts a cloud with a pool of two members behind a load balancer.
func install(t *testing.T) *installation {
	t.Helper()
	in := &installation{server: newServer(t, 99)}
	var err error
	in.cloud, err = fakecloud.Start(t.Context(), fakecloud.Config{
		Zones: []string{zone}, Speed: 20, Machines: fakecloud.Processes(process.Config{Dir: in.dir}),
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, in.cloud.Close()) })
	in.pool, err = in.cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 2})
	require.NoError(t, err)
	_, err = in.cloud.CreateBalancer(t.Context(), fakecloud.Service{Name: "web", Pool: in.pool, Port: 80, TargetPort: process.LoadPort})
	require.NoError(t, err)
	return in
}

// programs builds both programs and starts them.
func (in *installation) programs(t *testing.T) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", in.dir+string(filepath.Separator),
		"github.com/exopool/exopool/cmd/autoscaler", "github.com/exopool/exopool/cmd/discovery")
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	in.program(t, "autoscaler", "-listen-address", in.address,
		"-interval", "2s", "-poll", "100ms", "-max", strconv.Itoa(maximum), "-evict", "least-busy", "-prometheus-url", "http://"+in.address+":9090",
		"-member-price", "0.02", "-budget", "100", "-state-dir", filepath.Join(in.dir, "state"))
	in.program(t, "discovery", "-listen", in.address+":8091", "-member-metrics", "-refresh", "1s",
		"-file", in.targets(), "-port", strconv.Itoa(in.cloud.PortFor(process.ExporterPort)))
	in.await(t, "http://"+in.address+":8090/readyz")
	in.await(t, "http://"+in.address+":8091/readyz")
}

// program runs one of the programs until the test ends.
func (in *installation) program(t *testing.T, name string, args ...string) {
	t.Helper()
	connection := in.cloud.Connection()
	in.start(t, []string{
		"EXOSCALE_KEY=" + connection.Key, "EXOSCALE_SECRET=" + connection.Secret, "EXOSCALE_ZONE=" + zone,
		"EXOSCALE_API_ENDPOINT=" + connection.APIEndpoint(), "EXOSCALE_INSTANCEPOOL_ID=" + in.pool, "WEBHOOK_TOKEN=" + token,
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
