//go:build linux

package main

import (
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/nspawn"
)

// nspawnFlags returns the flags for machines that boot, with a prefix and a range
// that no other instance on this host has. It skips the test where machines cannot
// boot.
func nspawnFlags(t *testing.T) []string {
	t.Helper()
	if os.Getenv("EXOPOOL_NSPAWN") != "1" {
		t.Skip("prepares for machines that boot: set EXOPOOL_NSPAWN=1, as root on Linux")
	}
	cfg := config{Prefix: "fakecltest", Range: netip.MustParsePrefix("198.18.240.0/20")}
	for _, r := range nspawn.Examine(t.Context(), cfg.nspawnConfig(fakecloud.DriverConfig{Logger: slog.New(slog.DiscardHandler)})) {
		if !r.OK() {
			t.Skipf("machines cannot be booted here: %s: %s; to change that: %s", r.Name, r.Problem, r.Remedy)
		}
	}
	return []string{"-machines", "nspawn", "-prefix", cfg.Prefix, "-range", cfg.Range.String()}
}

func TestMachinesThatBootHaveTheAPIInTheirNetwork(t *testing.T) {
	flags := nspawnFlags(t)
	term := newTerminal(t)
	endpoint, stop := serving(t, term, flags...)
	assert.Contains(t, term.out.String(), "with nspawn machines")
	resp, err := http.Get(endpoint + "/zone")
	require.NoError(t, err)
	defer resp.Body.Close()
	zones, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Contains(t, string(zones), "https://api-at-vie-1.exoscale.com/v2", "an address that machines can reach")
	namespaces, err := filepath.Glob("/run/netns/fakecltest*")
	require.NoError(t, err)
	assert.NotEmpty(t, namespaces)
	assert.Zero(t, stop())
	namespaces, err = filepath.Glob("/run/netns/fakecltest*")
	require.NoError(t, err)
	assert.Empty(t, namespaces, "nothing stays behind")
}

func TestRangesInUseAreRefusedWithTheFlagThatHelps(t *testing.T) {
	flags := nspawnFlags(t)
	term := newTerminal(t)
	args := append([]string{"serve", "-listen", "127.0.0.1:0"}, flags...)
	code := term.run(t.Context(), append(args, "-range", "127.0.0.0/16"))
	assert.Equal(t, command.ExitFailure, code)
	assert.Contains(t, term.err.String(), "-range")
	assert.Contains(t, term.err.String(), "fakecloud doctor lists what machines need")
}

func TestSignalEndsAnInstanceThatIsNotUpYet(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	term.signals <- syscall.SIGTERM
	cloud, err := term.start(t.Context(), config{Listen: "127.0.0.1:0", Machines: machinesProcess, Zone: "at-vie-1", Speed: 1})
	if err == nil { // it was quicker
		term.close(cloud)
		return
	}
	assert.ErrorContains(t, err, "stopped by terminated before it was ready")
}

func TestMachinesThatBootDoNotReachTheVendor(t *testing.T) {
	nspawnFlags(t)
	term := newTerminal(t)
	cloud, err := term.startCloud(t.Context(), config{
		Listen: "127.0.0.1:0", Machines: machinesNspawn, Zone: "at-vie-1", Speed: 1,
		Prefix: "fakecltest", Range: netip.MustParsePrefix("198.18.240.0/20"),
	})
	require.NoError(t, err)
	t.Cleanup(func() { term.close(cloud) })
	var found struct {
		Templates []map[string]any `json:"templates"`
		Types     []map[string]any `json:"instance-types"`
	}
	for _, path := range []string{"/v2/template", "/v2/instance-type"} {
		require.NoError(t, cloud.API().Call(t.Context(), http.MethodGet, path, nil, &found))
	}
	i := slices.IndexFunc(found.Templates, func(t map[string]any) bool { return t["name"] == "Linux Debian 13 (Trixie) 64-bit" })
	require.GreaterOrEqual(t, i, 0)
	const script = "#!/bin/sh\nfor host in bucket.sos-at-vie-1.exo.io api.exoscale.ch; do\n" +
		"  python3 -c \"import urllib.request; urllib.request.urlopen('https://$host/')\"\ndone\n"
	_, err = cloud.API().Do(t.Context(), http.MethodPost, "/v2/instance", map[string]any{
		"name": "curious", "disk-size": 10, "instance-type": found.Types[0], "template": found.Templates[i],
		"user-data": base64.StdEncoding.EncodeToString([]byte(script)),
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Contains(term.err.String(), "https://api.exoscale.ch") }, 3*time.Minute, 100*time.Millisecond, term.err)
	require.NoError(t, cloud.Close())
	for _, host := range []string{"api.exoscale.ch", "bucket.sos-at-vie-1.exo.io"} {
		assert.Contains(t, cloud.Unsupported(), fakecloud.Unsupported{Request: "https://" + host, Count: 1}, "answered, as the machine trusts the authority")
	}
}
