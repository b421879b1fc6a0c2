package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
	"github.com/exopool/exopool/fake/fakecloud"
)

func TestPoolsAreThereFromTheStart(t *testing.T) {
	t.Parallel()
	cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{Listen: "127.0.0.1:0", Instant: true, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	var out bytes.Buffer
	pools := []firstPool{{"web", 2}, {"empty", 1}}
	// A start that was interrupted has created this one, and a load balancer without a
	// service.
	_, err = cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 2})
	require.NoError(t, err)
	_, err = cloud.API().Do(t.Context(), http.MethodPost, "/v2/load-balancer", map[string]string{"name": "web"})
	require.NoError(t, err)
	require.NoError(t, createPools(t.Context(), cloud, pools, &out))
	var again bytes.Buffer
	require.NoError(t, createPools(t.Context(), cloud, pools, &again))
	assert.Equal(t, out.String(), again.String(), "the second time they are there, and said to be")
	var names []string
	for _, p := range cloud.API().Pools() {
		names = append(names, p.Name)
	}
	assert.Equal(t, []string{"web", "empty"}, names)
	assert.Equal(t, 2, cloud.API().Pools()[0].Size)
	balancers := cloud.API().Balancers()
	require.Len(t, balancers, 2)
	assert.Equal(t, 8080, balancers[0].Services[0].TargetPort)
	assert.Contains(t, out.String(), "# The pool web:   http://"+balancers[0].Address.String()+":80/\n")
}

// TestServeEndsWhileItCreatesPools: it was asked to, so that this is no failure.
func TestServeEndsWhileItCreatesPools(t *testing.T) {
	t.Parallel()
	term := newTerminal(t)
	_, stop := serving(t, term, "-pool", "web=1", "-speed", "0.001")
	assert.Equal(t, 0, stop(), term.err)
	assert.NotContains(t, term.err.String(), "create the pool")
}

func TestPoolsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-pool", "web"}, "give NAME=SIZE"},
		{[]string{"-pool", "Web=1"}, "give NAME=SIZE"},
		{[]string{"-pool", "=1"}, "give NAME=SIZE"},
		{[]string{"-pool", "web=-1"}, "give NAME=SIZE"},
		{[]string{"-pool", "web=51"}, "from 0 to 50"},
		{[]string{"-pool", "web=1", "-pool", "web=2"}, "names web more than once"},
	} {
		var pools []firstPool
		set := newTerminal(t).newSet("serve", "Test.")
		addPools(set, &pools)
		wrong := settingstest.Errors(t, settingstest.Parse(t.Context(), set, c.args, io.Discard))
		require.Len(t, wrong, 1, c.args)
		assert.Contains(t, wrong[0].Error(), c.want)
	}
}
