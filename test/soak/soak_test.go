//go:build linux

// Package soak_test runs the programs for an hour of compressed time under load,
// and checks that nothing grows.
package soak_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/programtest"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
)

const (
	speed    = 20 // times faster than real
	lasts    = time.Hour / speed
	zone     = "at-vie-1"
	token    = "soak-token"
	clients  = 6
	phase    = lasts / 8 // of up, and of down: each quarter has both
	repeat   = 3 * time.Second
	forgiven = 5 // goroutines and descriptors that may come and go
)

// TestSoak measures what each program has of memory, goroutines and descriptors
// in the second and in the last quarter of the hour.
func TestSoak(t *testing.T) {
	if os.Getenv("EXOPOOL_SOAK") != "1" {
		t.Skip("takes some minutes: switch it on with EXOPOOL_SOAK=1")
	}
	bin, dir := t.TempDir(), t.TempDir()
	build(t, bin)
	key, secret := filepath.Join(dir, "key"), filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(key, []byte("EXOsoak"), 0o600))
	require.NoError(t, os.WriteFile(secret, []byte("soak-secret"), 0o600))
	credentials := []string{"-key-file", key, "-secret-file", secret}

	cloud := start(t, dir, filepath.Join(bin, "fakecloud"), append([]string{
		"serve", "-listen", "127.0.0.1:0",
		"-machines", "process", "-speed", "20",
	}, credentials...)...)
	api := cloud.Await(t, `EXOSCALE_API_ENDPOINT='?(http://[^\s']+)`)[1]
	pool, application := createPool(t, api)

	api = strings.TrimSuffix(api, "/")
	common := append([]string{"-zone", zone, "-pool", pool, "-endpoint", api}, credentials...)
	scaler := start(t, dir, filepath.Join(bin, "autoscaler"), append([]string{
		"-interval", "3s", "-poll", "150ms", "-expiry", "15s",
		"-min", "1", "-max", "4", "-state-dir", filepath.Join(dir, "state"), "-listen-address", "127.0.0.1", "-listen-port", programtest.FreePort(t),
	}, common...)...)
	receiver := "http://" + scaler.Await(t, `msg=listening address=(\S+)`)[1]
	finder := start(t, dir, filepath.Join(bin, "discovery"), append([]string{
		"-refresh", "500ms", "-labels", "-member-metrics",
		"-file", filepath.Join(dir, "targets", "config.json"), "-listen", "127.0.0.1:0",
	}, common...)...)
	found := "http://" + finder.Await(t, `msg=listening address=(\S+)`)[1]

	player, err := traffic.New(traffic.Config{URL: application + "/load", Period: 500 * time.Millisecond, MaxClients: clients})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	played := make(chan error, 1)
	go func() { played <- player.Run(ctx) }()

	programs := []*series{
		{name: "autoscaler", process: scaler, metrics: receiver + "/metrics"},
		{name: "discovery", process: finder, metrics: found + "/metrics"},
		{name: "fakecloud", process: cloud},
	}
	soak(ctx, t, player, receiver, found, programs)
	require.NoError(t, <-played)

	stats := player.Stats()
	t.Logf("%d requests, %d of them in error: %v", stats.Requests, stats.Errors, stats.ErrorSamples)
	assert.Positive(t, stats.Requests-stats.Errors)
	assert.Greater(t, value(t, receiver+"/metrics", `exopool_autoscaler_decisions_total{[^}]*reason="step-up"[^}]*}`), 2.0, "the pool followed")
	for _, p := range programs {
		p.judge(t)
	}
}

// soak keeps all busy until ctx ends: clients come and go, alerts fire, wrong
// tokens and bodies arrive, pages are fetched, and readings are taken.
func soak(ctx context.Context, t *testing.T, player *traffic.Generator, receiver, found string, programs []*series) {
	t.Helper()
	began := time.Now()
	ticks := time.NewTicker(repeat)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		direction := "up"
		player.SetClients(clients)
		if (time.Since(began)/phase)%2 == 1 {
			direction = "down"
			player.SetClients(1)
		}
		post(ctx, receiver+"/"+direction, token, "")
		post(ctx, receiver+"/"+direction, "wrong", "")
		post(ctx, receiver+"/"+direction, token, `{"status":"resolved"}`)
		post(ctx, receiver+"/"+direction, token, "{")
		for _, url := range []string{receiver + "/decisions", receiver + "/readyz", found + "/targets", found + "/readyz"} {
			get(ctx, url)
		}
		for _, p := range programs {
			p.read(ctx, t)
		}
	}
}

// createPool creates a pool behind a load balancer, as Terraform would, and returns
// the pool's id and where the application is reached.
func createPool(t *testing.T, api string) (pool, application string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client, err := egoscale.NewClient("EXOsoak", "soak-secret",
		egoscale.ClientOptWithHTTPClient(&http.Client{Transport: &http.Transport{}}), egoscale.ClientOptWithAPIEndpoint(api))
	require.NoError(t, err)
	templates, err := client.ListTemplates(ctx, zone)
	require.NoError(t, err)
	kinds, err := client.ListInstanceTypes(ctx, zone)
	require.NoError(t, err)
	made, err := client.CreateInstancePool(ctx, zone, &egoscale.InstancePool{
		Name: new("web"), Size: new(int64(1)), DiskSize: new(int64(10)), TemplateID: templates[0].ID, InstanceTypeID: kinds[0].ID,
	})
	require.NoError(t, err)
	balancer, err := client.CreateNetworkLoadBalancer(ctx, zone, &egoscale.NetworkLoadBalancer{Name: new("web")})
	require.NoError(t, err)
	_, err = client.CreateNetworkLoadBalancerService(ctx, zone, balancer, &egoscale.NetworkLoadBalancerService{
		Name: new("web"), InstancePoolID: made.ID, Protocol: new("tcp"), Strategy: new("round-robin"),
		Port: new(uint16(8088)), TargetPort: new(uint16(8080)),
		Healthcheck: &egoscale.NetworkLoadBalancerServiceHealthcheck{
			Mode: new("http"), Port: new(uint16(8080)), URI: new("/health"),
			Interval: new(10 * time.Second), Timeout: new(5 * time.Second), Retries: new(int64(1)),
		},
	})
	require.NoError(t, err)
	return *made.ID, "http://" + balancer.IPAddress.String() + ":8088"
}
