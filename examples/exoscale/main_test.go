package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
)

func TestPrintsThePool(t *testing.T) {
	t.Parallel()
	cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{Instant: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	_, err = cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 2})
	require.NoError(t, err)
	env := map[string]string{"EXOSCALE_INSTANCEPOOL_ID": "web"}
	for _, assignment := range cloud.Environ(nil) {
		name, value, _ := strings.Cut(assignment, "=")
		env[name] = value
	}
	var said strings.Builder

	require.NoError(t, run(t.Context(), func(name string) string { return env[name] }, &said))

	assert.Regexp(t, `^size 2, running\nweb-\S+ running\nweb-\S+ running\n$`, said.String())
}
