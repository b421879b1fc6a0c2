package wire_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

func TestAssumptionsAreInTheReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	text := strings.Join(strings.Fields(string(readme)), " ")
	source, err := os.ReadFile("assumptions.go")
	require.NoError(t, err)
	declared := regexp.MustCompile(`Assumption += "([^"]+)"`).FindAllStringSubmatch(string(source), -1)
	assert.NotEmpty(t, declared)
	for _, d := range declared {
		assert.Contains(t, text, d[1])
	}
}

func TestRefusalsTellWhatTheyRestOn(t *testing.T) {
	t.Parallel()
	plain := wire.Conflict("busy")
	refusal := new(wire.Error)
	require.ErrorAs(t, wire.Assuming(wire.AssumesBusyPool, plain), &refusal)
	assert.Equal(t, wire.AssumesBusyPool, refusal.Assumption)
	assert.Equal(t, "busy", refusal.Message)
	require.ErrorAs(t, plain, &refusal)
	assert.Empty(t, refusal.Assumption)
	assert.Equal(t, os.ErrExist, wire.Assuming(wire.AssumesBusyPool, os.ErrExist))
}
