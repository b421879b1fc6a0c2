package acceptance_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// A contextEngine records what is in the folders that it gets.
type contextEngine struct {
	*engine

	contexts []map[string]string // contents by name
	dirs     []string
	fail     bool
}

func (e *contextEngine) Build(ctx context.Context, dir string) (string, error) {
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name())) // which a folder has none of
		if err != nil {
			return "", err
		}
		files[entry.Name()] = string(content)
	}
	e.contexts, e.dirs = append(e.contexts, files), append(e.dirs, dir)
	if e.fail {
		return "", errors.New("COPY failed: src not found")
	}
	return e.engine.Build(ctx, dir)
}

// TestContextsArriveAsTheCheckerSendsThem: without folders and links, as the
// checker names files by the last part of their names alone.
func TestContextsArriveAsTheCheckerSendsThem(t *testing.T) {
	for _, fail := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newSolution(t)
			inner, cfg := withEngine(t, s, s.config())
			e := &contextEngine{engine: inner, fail: fail}
			cfg.Engine = e
			dir := filepath.Join(cfg.Dir, "servicediscovery")
			for name, content := range map[string]string{"src/main.py": "first", "src/z/main.py": "last", "tool.sh": "tool"} {
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
			}
			require.NoError(t, os.Symlink("tool.sh", filepath.Join(dir, "link.sh")))
			verdict := rehearse(t.Context(), t, cfg)

			require.Len(t, e.contexts, 2)
			assert.Equal(t, map[string]string{"Dockerfile": "", "main.py": "last", "tool.sh": "tool"}, e.contexts[0])
			assert.NoDirExists(t, e.dirs[0], "the copy")
			assert.Equal(t, filepath.Join(cfg.Dir, "autoscaler"), e.dirs[1], "has no other folders")

			const note = "src/main.py arrives as main.py, beside the Dockerfile"
			built := find(t, verdict, "discovery", "an image is built from the folder servicediscovery alone")
			assert.Contains(t, built.Note, note)
			if fail {
				assert.Equal(t, acceptance.Failed, built.Outcome)
				assert.Contains(t, built.Note, "src not found; the checker packs files")
			}
			other := find(t, verdict, "autoscaler", "an image is built from the folder autoscaler alone")
			assert.NotContains(t, other.Note, "arrives as")
		})
	}
}
