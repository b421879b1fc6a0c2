package main

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/fake/exoapi"
)

// TestStateThatDoesNotLoad names its file and what to do, and stays as it is.
func TestStateThatDoesNotLoad(t *testing.T) {
	t.Parallel()
	cloud, err := exoapi.New(exoapi.Config{KeepChanges: true})
	require.NoError(t, err)
	defer cloud.Close()
	var state bytes.Buffer
	require.NoError(t, cloud.Save(&state))
	for name, test := range map[string]struct{ text, want string }{
		"another file":   {"secret\n", "this is not a state that fakecloud has saved"},
		"damaged":        {state.String() + "{}}\n", "change 1 of the state is damaged"},
		"other settings": {state.String(), "start the cloud with the same: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "state")
			require.NoError(t, os.WriteFile(file, []byte(test.text), 0o600))
			term := newTerminal(t)
			assert.Equal(t, command.ExitFailure, term.run(t.Context(), []string{"serve", "-listen", "127.0.0.1:0", "-speed", "7", "-state", file}))
			said := term.err.String()
			assert.Contains(t, said, "flag -state: "+file+": load the state: ")
			assert.Contains(t, said, test.want)
			assert.Contains(t, said, "move it away to begin with an empty cloud")
			assert.NotContains(t, said, "secret")
			left, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, test.text, string(left))
		})
	}
}

// TestProcessMachinesGetTheNetworkOfTheirState, whichever is free.
func TestProcessMachinesGetTheNetworkOfTheirState(t *testing.T) {
	t.Parallel()
	cloud, err := exoapi.New(exoapi.Config{
		KeepChanges: true, InstanceNetwork: netip.MustParsePrefix("127.99.0.0/17"), BalancerNetwork: netip.MustParsePrefix("127.99.128.0/17"),
	})
	require.NoError(t, err)
	defer cloud.Close()
	var state bytes.Buffer
	require.NoError(t, cloud.Save(&state))
	cfg := config{Machines: machinesProcess, State: "file", saved: state.Bytes()}
	assert.Equal(t, netip.MustParsePrefix("127.99.0.0/16"), cfg.savedNetwork())
	taken := fmt.Errorf("claim it: %w", syscall.EADDRINUSE)
	require.ErrorContains(t, cfg.explainState(taken), "addresses of 127.99.0.0/16, which another cloud or demo on this host uses")
	assert.Equal(t, taken, config{Machines: machinesProcess}.explainState(taken), "without a state")
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	cfg.Listen = listener.Addr().String()
	_, err = new(net.ListenConfig).Listen(t.Context(), "tcp", cfg.Listen)
	require.ErrorContains(t, cfg.explainStart(err), "with -listen", "its own address is taken, not those of machines")
	require.ErrorContains(t, cfg.explainStart(taken), "which another cloud or demo on this host uses")
	boots := config{Machines: machinesNspawn, State: "file", saved: state.Bytes()}
	require.ErrorContains(t, boots.explainState(exoapi.ErrState), "give -range 127.99.0.0/16")
	boots.Range = netip.MustParsePrefix("127.99.0.0/16")
	require.ErrorContains(t, boots.explainState(exoapi.ErrState), "move it away")
	for _, text := range []string{"", "x", `{"format":"fakecloud-state"}`, `{"format":"fakecloud-state","settings":{"networks":"10.0.0.0/17,10.0.128.0/17"}}`} {
		assert.False(t, config{saved: []byte(text)}.savedNetwork().IsValid(), text)
	}
}
