package terraform_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOverridesAreWrittenOnceBeforeTheFirstApply: into the copy, and nowhere else.
func TestOverridesAreWrittenOnceBeforeTheFirstApply(t *testing.T) {
	var output bytes.Buffer
	cfg := config(t, &output)
	asked := 0
	cfg.Overrides = func(dir string) (map[string]string, error) {
		asked++
		return map[string]string{dir: "# no logins"}, nil
	}
	f := open(t, cfg)
	require.NoError(t, f.Apply(t.Context()))
	require.NoError(t, f.Apply(t.Context()))
	assert.Equal(t, 1, asked)
	names, err := filepath.Glob(filepath.Join(f.Dir(), "*_rehearsal_override.tf"))
	require.NoError(t, err)
	require.Len(t, names, 2, "this one and that of the backend")
	text, err := os.ReadFile(names[1])
	require.NoError(t, err)
	assert.Equal(t, "# no logins", string(text))
	others, err := filepath.Glob(filepath.Join(cfg.Dir, "*override*"))
	require.NoError(t, err)
	assert.Empty(t, others)
}

func TestOverridesThatCannotBeWritten(t *testing.T) {
	outside := t.TempDir()
	for name, test := range map[string]struct {
		overrides func(string) (map[string]string, error)
		want      string
	}{
		"unreadable": {func(string) (map[string]string, error) { return nil, errors.New("no configuration") }, "no configuration"},
		"outside":    {func(string) (map[string]string, error) { return map[string]string{outside: "x"}, nil }, "is not in the copy"},
		"missing":    {func(dir string) (map[string]string, error) { return map[string]string{dir + "/none": "x"}, nil }, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t, new(bytes.Buffer))
			cfg.Overrides = test.overrides
			require.ErrorContains(t, open(t, cfg).Apply(t.Context()), test.want)
		})
	}
	left, err := os.ReadDir(outside)
	require.NoError(t, err)
	assert.Empty(t, left)
}
