package test_test

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/semver"
)

// releases returns which releases of Go files name, each with a leading v; group 1 of
// the expression is the release.
func releases(t *testing.T, expression string, patterns ...string) (found []string) {
	t.Helper()
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join("..", pattern))
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, path := range files {
			for _, match := range regexp.MustCompile("(?m)"+expression).FindAllSubmatch(read(t, path), -1) {
				found = append(found, "v"+string(match[1]))
			}
		}
	}
	require.NotEmpty(t, found, expression)
	return found
}

// TestReleasesOfGo: all modules ask for the same release, and what builds them is of
// its minor version and not older. The monitoring machine may build with a newer patch
// than the Dockerfile: a toolchain is in the module proxy on the day of its release,
// with its checksum, but an image's digest is known only when that is published.
func TestReleasesOfGo(t *testing.T) {
	t.Parallel()
	modules := releases(t, `^go (\S+)$`, "go.mod", "tools/go.mod", "internal/providers/*/go.mod")
	needed := modules[0]
	for _, release := range modules {
		assert.Equal(t, needed, release, "of all modules")
	}
	machine := releases(t, `^v0\.0\.1-go(\S+)\.linux-amd64 `, "terraform/files/deployment/toolchain")[0]
	image := releases(t, `^FROM golang:([0-9.]+)@`, "Dockerfile")[0]
	assert.Equal(t, semver.MajorMinor(needed), semver.MajorMinor(machine))
	assert.LessOrEqual(t, semver.Compare(needed, image), 0, "%s builds what needs %s", image, needed)
	assert.LessOrEqual(t, semver.Compare(image, machine), 0, "the Dockerfile has %s, the toolchain of the machine %s", image, machine)

	minor := semver.MajorMinor(needed)
	named := releases(t, `\bgolang:([0-9]+(?:\.[0-9]+)*)`, "Dockerfile", "docs/*.md", "test/rehearsals/testdata/sample/*/Dockerfile")
	for _, release := range named {
		assert.Contains(t, []string{image, minor}, release, "that of the Dockerfile, or of a hand-in that names no patch")
	}
}
