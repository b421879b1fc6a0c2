package docs_test

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAllTestsRunByThemselves: what a variable switches on, the gate runs, or the
// night.
func TestAllTestsRunByThemselves(t *testing.T) {
	switches := regexp.MustCompile("(?m)^\\| `(EXOPOOL_[A-Z0-9]+)=").FindAllSubmatch(read(t, filepath.Join(root, "CONTRIBUTING.md")), -1)
	require.NotEmpty(t, switches)
	runs := string(read(t, filepath.Join(root, ".ci", "check"))) + string(read(t, filepath.Join(root, ".github", "workflows", "nightly.yml")))
	for _, match := range switches {
		assert.Regexp(t, `\b`+string(match[1])+`=[^ ]+ .*go test|export `+string(match[1])+`\n`, runs)
	}
}
