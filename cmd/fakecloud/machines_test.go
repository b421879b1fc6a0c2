//go:build linux

package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn"
)

// booting are the flags for machines that really boot, apart from what others
// on this computer have. It skips the test where there can be none.
func booting(t *testing.T) []string {
	t.Helper()
	if os.Getenv("EXOPOOL_NSPAWN") != "1" {
		t.Skip("prepares for machines that boot: set EXOPOOL_NSPAWN=1, as root on Linux")
	}
	s := settings{prefix: "fakecltest", network: netip.MustParsePrefix("198.18.240.0/20")}
	for _, r := range nspawn.Examine(t.Context(), s.nspawn(slog.New(slog.DiscardHandler), nil)) {
		if !r.OK() {
			t.Skipf("machines cannot be booted here: %s: %s; to change that: %s", r.Name, r.Problem, r.Remedy)
		}
	}
	return []string{"-machines", "nspawn", "-prefix", s.prefix, "-range", s.network.String()}
}

func TestMachinesThatBootHaveTheAPIInTheirNetwork(t *testing.T) {
	flags := booting(t)
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
	flags := booting(t)
	term := newTerminal(t)
	args := append([]string{"serve", "-listen", "127.0.0.1:0"}, flags...)
	code := term.run(t.Context(), append(args, "-range", "127.0.0.0/16"))
	assert.Equal(t, exitFault, code)
	assert.Contains(t, term.err.String(), "-range")
	assert.Contains(t, term.err.String(), "fakecloud doctor lists everything")
}

func TestSignalEndsAnInstanceThatIsNotUpYet(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	term.signals <- syscall.SIGTERM
	in, err := term.start(t.Context(), settings{listen: "127.0.0.1:0", machines: machinesProcess, zone: "at-vie-1", speed: 1})
	if err == nil { // it was quicker
		in.close()
		return
	}
	assert.ErrorContains(t, err, "stopped by terminated before it was ready")
}
