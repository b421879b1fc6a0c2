package test_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestImagesAreBuiltFromAllTheirPackages: .dockerignore lets pass every folder
// that the programs of the Dockerfile are built from.
func TestImagesAreBuiltFromAllTheirPackages(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		content, err := os.ReadFile(filepath.Join("..", name))
		require.NoError(t, err)
		return string(content)
	}
	programs := regexp.MustCompile(`\./cmd/[a-z-]+`).FindAllString(read("Dockerfile"), -1)
	require.NotEmpty(t, programs)
	list := exec.CommandContext(t.Context(), "go", append([]string{"list", "-deps", "-f", "{{with .Module}}{{if .Main}}{{$.ImportPath}}{{end}}{{end}}"}, programs...)...)
	list.Dir = ".."
	packages, err := list.Output()
	require.NoError(t, err)
	allowed := strings.Fields(read(".dockerignore"))
	for name := range strings.FieldsSeq(string(packages)) {
		folder := strings.Split(name, "/")[3]
		assert.True(t, slices.Contains(allowed, "!"+folder), ".dockerignore keeps %s out of the images", name)
	}
}
