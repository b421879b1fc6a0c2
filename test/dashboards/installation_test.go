//go:build linux

package dashboards_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/process"
	"github.com/exopool/exopool/internal/programtest"
	"github.com/exopool/exopool/internal/rehearsal/notifier"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
	"github.com/exopool/exopool/terraform/files"
)

const (
	zone  = "at-vie-1"
	token = "a-token-for-webhooks"
	// What Terraform's default table of prices comes to, in EUR an hour.
	memberPrice, basePrice = "0.00869", "0.05945"
	clients                = 10
)

// An installation is a pool with its monitoring machine: the real programs, the
// installed configuration and Debian's Prometheus. What Grafana would send, a
// notifier sends.
type installation struct {
	address string // of the monitoring machine
	dir     string
	began   time.Time

	cloud    *fakecloud.Cloud
	pool     string
	notifier *notifier.Notifier
	clients  *traffic.Generator
}

// install starts all parts in real time; they run until the test ends.
func install(t *testing.T) *installation {
	t.Helper()
	in := &installation{
		dir: t.TempDir(), began: time.Now(),
		address: fmt.Sprintf("127.98.%d.%d", os.Getpid()>>7&127, os.Getpid()&127+1),
	}
	application := in.startCloud(t)
	in.startPrograms(t)
	in.startPrometheus(t)
	var err error
	in.notifier, err = notifier.New(notifier.Config{URL: in.url(8090), Token: token})
	require.NoError(t, err)
	in.clients, err = traffic.New(traffic.Config{URL: application + "/load", Period: 450 * time.Millisecond, MaxClients: clients})
	require.NoError(t, err)
	for _, run := range []func(context.Context) error{in.notifier.Run, in.clients.Run} {
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- run(ctx) }()
		t.Cleanup(func() {
			stop()
			require.NoError(t, <-ended)
		})
	}
	return in
}

// startCloud starts a cloud with a pool of one member behind a load balancer, and
// returns where the application answers.
func (in *installation) startCloud(t *testing.T) (application string) {
	t.Helper()
	var err error
	in.cloud, err = fakecloud.Start(t.Context(), fakecloud.Config{
		Zones:    []string{zone},
		Machines: fakecloud.Processes(process.Config{Dir: in.dir, Share: 0.5, Work: 50 * time.Millisecond}),
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, in.cloud.Close()) })
	in.pool, err = in.cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 1})
	require.NoError(t, err)
	balancer, err := in.cloud.CreateBalancer(t.Context(), fakecloud.Service{Name: "web", Pool: in.pool, Port: 80, TargetPort: process.LoadPort})
	require.NoError(t, err)
	endpoint, ok := in.cloud.Endpoint(balancer, 80)
	require.True(t, ok)
	return "http://" + endpoint.String()
}

// startPrograms builds both programs and starts them with the settings that
// Terraform gives them by default.
func (in *installation) startPrograms(t *testing.T) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", in.dir+string(filepath.Separator),
		"github.com/exopool/exopool/cmd/autoscaler", "github.com/exopool/exopool/cmd/discovery")
	said, err := build.CombinedOutput()
	require.NoError(t, err, string(said))
	in.start(t, filepath.Join(in.dir, "autoscaler"), "-listen-address", in.address, "-max", "5",
		"-prometheus-url", in.url(9090), "-member-price", memberPrice, "-state-dir", filepath.Join(in.dir, "state"))
	in.start(t, filepath.Join(in.dir, "discovery"), "-listen", in.address+":8091", "-member-metrics",
		"-file", in.targets(), "-port", strconv.Itoa(in.cloud.PortFor(process.ExporterPort)))
}

func (in *installation) targets() string { return filepath.Join(in.dir, "targets", "config.json") }

// start runs a program until the test ends.
func (in *installation) start(t *testing.T, program string, args ...string) {
	t.Helper()
	connection := in.cloud.Connection()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, args...)
	cmd.Env = []string{
		"EXOSCALE_KEY=" + connection.Key, "EXOSCALE_SECRET=" + connection.Secret, "EXOSCALE_ZONE=" + zone,
		"EXOSCALE_API_ENDPOINT=" + connection.APIEndpoint(), "EXOSCALE_INSTANCEPOOL_ID=" + in.pool, "WEBHOOK_TOKEN=" + token,
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	programtest.Start(t, cmd)
}

// startPrometheus starts Prometheus with the installed configuration, prices, and
// the alerts, which Grafana evaluates in an installation.
func (in *installation) startPrometheus(t *testing.T) {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("Prometheus is not installed: apt-get install prometheus")
	}
	root := filepath.Join(in.dir, "root")
	require.NoError(t, os.CopyFS(root, files.Monitoring()))
	config := filepath.Join(root, "etc", "exopool", "prometheus.yml")
	text, err := os.ReadFile(config)
	require.NoError(t, err)
	replaced := strings.NewReplacer("127.0.0.1:", in.address+":", "/srv/service-discovery/config.json", in.targets(),
		"[rules/*.yml]", "[rules/*.yml, rules-optional/*.yml]").Replace(string(text))
	require.NoError(t, os.WriteFile(config, []byte(replaced), 0o600))
	prices := "groups: [{name: prices, rules: [{record: 'exopool:base_price:per_hour', expr: '" + basePrice + "', labels: {currency: EUR}}," +
		" {record: 'exopool:member_price:per_hour', expr: '" + memberPrice + "', labels: {currency: EUR}}]}]\n"
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(config), "rules", "prices.yml"), []byte(prices), 0o600))
	in.start(t, program, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(in.dir, "tsdb"), "--web.listen-address="+in.address+":9090")
}
