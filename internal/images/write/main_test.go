package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOnlyReleasesBecomeTheLatest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"-version", "v0.1.0", "dir"}, nil},
		{[]string{"-push", "dir"}, []string{"latest"}},
		{[]string{"-push", "-version", "v0.1.0", "dir"}, []string{"v0.1.0", "latest"}},
		{[]string{"-push", "-version", "v0.2.0-rc.1", "dir"}, []string{"v0.2.0-rc.1"}},
	} {
		cfg, err := parse(c.args)
		require.NoError(t, err)
		assert.Equal(t, c.want, cfg.pushed(), c.args)
	}
}

func TestWrongFlagsAreRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"a", "b"}, {"-platforms", "linux/amd64/v8/x", "dir"}, {"-nope", "dir"}} {
		_, err := parse(args)
		assert.Error(t, err, args)
	}
}
