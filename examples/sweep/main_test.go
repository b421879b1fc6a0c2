package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
)

func TestListsWhatIsLeft(t *testing.T) {
	t.Parallel()
	cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{Instant: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	_, err = cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "exopool-members", Size: 1})
	require.NoError(t, err)
	env := map[string]string{}
	for _, assignment := range cloud.Environ(nil) {
		name, value, _ := strings.Cut(assignment, "=")
		env[name] = value
	}
	var said strings.Builder

	require.NoError(t, run(t.Context(), func(name string) string { return env[name] }, "exopool", &said))

	assert.Equal(t, "instance pool exopool-members\n", said.String())
}
