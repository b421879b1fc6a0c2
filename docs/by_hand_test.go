package docs_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestByHandNamesResourcesOfTheModule: what the page says that a click corresponds
// to is in the Terraform files, resource by resource.
func TestByHandNamesResourcesOfTheModule(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, "terraform/*.tf"))
	require.NoError(t, err)
	var module strings.Builder
	for _, file := range files {
		module.Write(read(t, file))
	}
	named := regexp.MustCompile("`((?:exoscale|terraform)_[a-z_]+)\\.([a-z_]+)`").FindAllStringSubmatch(string(read(t, "by-hand.md")), -1)
	require.Greater(t, len(named), 10)
	for _, resource := range named {
		assert.Contains(t, module.String(), `resource "`+resource[1]+`" "`+resource[2]+`"`, "docs/by-hand.md")
	}
}
