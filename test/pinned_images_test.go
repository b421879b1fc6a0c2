package test_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Images and actions of others are named by their hash, because tags can be
// moved.
func TestImagesAndActionsAreNamedByHash(t *testing.T) {
	t.Parallel()
	dockerfile := string(read(t, "../Dockerfile"))
	stages := regexp.MustCompile(`(?m)^FROM (\S+) AS (\S+)$`).FindAllStringSubmatch(dockerfile, -1)
	require.Len(t, stages, strings.Count("\n"+dockerfile, "\nFROM "))
	own := map[string]bool{"scratch": true}
	for _, stage := range stages {
		if !own[stage[1]] {
			assert.Regexp(t, `^[a-z]+:[0-9.]+@sha256:[0-9a-f]{64}$`, stage[1])
		}
		own[stage[2]] = true
	}
	workflows, err := filepath.Glob("../.github/workflows/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, workflows)
	for _, name := range workflows {
		workflow := string(read(t, name))
		uses := regexp.MustCompile(`(?m)^ +- uses: (.*)$`).FindAllStringSubmatch(workflow, -1)
		require.Len(t, uses, strings.Count(workflow, "uses:"))
		for _, use := range uses {
			assert.Regexp(t, `^[a-z-]+/[a-z-]+@[0-9a-f]{40} # v[0-9.]+$`, use[1], name)
		}
	}
}
