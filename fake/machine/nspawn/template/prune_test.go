package template_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/template"
	"github.com/exopool/exopool/internal/filelock"
)

const (
	current  = "trixie-000000000000"
	previous = "trixie-0123456789ab"
)

// put makes a template, or what looks like one, that was used days ago.
func put(t *testing.T, cache, name string, days int) {
	t.Helper()
	dir := filepath.Join(cache, name)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "bin"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bin", "sh"), make([]byte, 3_000_000), 0o600))
	require.NoError(t, os.WriteFile(dir+".lock", nil, 0o600))
	require.NoError(t, os.WriteFile(dir+".used", nil, 0o600))
	used := time.Now().AddDate(0, 0, -days)
	require.NoError(t, os.Chtimes(dir+".used", used, used))
}

// pruned returns which directories are left, and what was logged.
func pruned(t *testing.T, cache string, now time.Time) (left []string, log string) {
	t.Helper()
	var out bytes.Buffer
	cfg := template.Config{Cache: cache, Logger: slog.New(slog.NewTextHandler(&out, nil))}
	template.Prune(cfg, template.Default, filepath.Join(cache, current), now)
	return directories(t, cache), out.String()
}

func directories(t *testing.T, cache string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(cache)
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.IsDir() {
			found = append(found, entry.Name())
		}
	}
	return found
}

func TestTemplatesThatNobodyUsesAreRemoved(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	put(t, cache, current, 100)
	put(t, cache, previous, 15)
	put(t, cache, "trixie-333333333333", 13)
	put(t, cache, "jammy-333333333333", 15) // of another release
	left, log := pruned(t, cache, time.Now())
	assert.Equal(t, []string{"jammy-333333333333", current, "trixie-333333333333"}, left)
	assert.Contains(t, log, `msg="old template removed" dir=`+filepath.Join(cache, previous)+
		` size="3 MB" last_used=`+time.Now().AddDate(0, 0, -15).Format(time.DateOnly))
	left, log = pruned(t, cache, time.Now().AddDate(0, 0, 1))
	assert.Equal(t, []string{"jammy-333333333333", current}, left)
	assert.Contains(t, log, "trixie-333333333333")
	_, log = pruned(t, cache, time.Now().AddDate(0, 0, 1))
	assert.Empty(t, log)
}

func TestTemplatesThatAreInUseStay(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	put(t, cache, previous, 15)
	for _, suffix := range []string{".lock", ".used"} {
		unlock, err := filelock.Share(t.Context(), filepath.Join(cache, previous+suffix))
		require.NoError(t, err)
		left, log := pruned(t, cache, time.Now())
		assert.Equal(t, []string{previous}, left)
		assert.Empty(t, log)
		unlock()
	}
	left, _ := pruned(t, cache, time.Now())
	assert.Empty(t, left)
}

func TestDaysOfATemplateWithoutATimeBeginNow(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	put(t, cache, previous, 15)
	require.NoError(t, os.Remove(filepath.Join(cache, previous+".used")))
	left, log := pruned(t, cache, time.Now())
	assert.Equal(t, []string{previous}, left)
	assert.Empty(t, log)
	left, _ = pruned(t, cache, time.Now().AddDate(0, 0, 15))
	assert.Empty(t, left)
}

func TestWhatIsNoTemplateStays(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	foreign := []string{"trixie", "trixie-0123456789abc", "trixie-0123456789AB", "trixie-backup", "x-trixie-0123456789ab"}
	for _, name := range foreign {
		put(t, cache, name, 15)
	}
	put(t, cache, previous, 15)
	require.NoError(t, os.Remove(filepath.Join(cache, previous+".lock"))) // which every build makes
	elsewhere := t.TempDir()
	put(t, elsewhere, previous, 15)
	linked := filepath.Join(cache, "trixie-444444444444")
	require.NoError(t, os.Symlink(filepath.Join(elsewhere, previous), linked))
	require.NoError(t, os.WriteFile(linked+".lock", nil, 0o600))
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(cache, previous, "link")))
	left, log := pruned(t, cache, time.Now().AddDate(1, 0, 0))
	assert.ElementsMatch(t, append(foreign, previous), left)
	assert.Empty(t, log)

	require.NoError(t, os.WriteFile(filepath.Join(cache, previous+".lock"), nil, 0o600))
	left, _ = pruned(t, cache, time.Now().AddDate(1, 0, 0))
	assert.ElementsMatch(t, foreign, left)
	assert.DirExists(t, filepath.Join(elsewhere, previous), "links are not followed")
}

func TestRestsOfBuildsAreRemoved(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	put(t, cache, previous, 15)
	require.NoError(t, os.Rename(filepath.Join(cache, previous), filepath.Join(cache, previous+".partial")))
	left, log := pruned(t, cache, time.Now())
	assert.Empty(t, left)
	assert.Contains(t, log, `size="3 MB"`)
}

func TestTemplateIsMarkedAsUsed(t *testing.T) {
	t.Parallel()
	cfg := template.Config{Cache: t.TempDir(), Mirror: "http://127.0.0.1:1/debian", Logger: slog.New(slog.DiscardHandler)}
	key, err := template.Key(cfg, template.Default)
	require.NoError(t, err)
	name := "trixie-" + key
	put(t, cfg.Cache, name, 15)
	dir, release, err := template.Ensure(t.Context(), cfg, template.Default)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(cfg.Cache, name), dir)

	later := time.Now().AddDate(1, 0, 0)
	left, _ := pruned(t, cfg.Cache, later)
	assert.Equal(t, []string{name}, left, "a program uses it")
	release()
	left, _ = pruned(t, cfg.Cache, time.Now().AddDate(0, 0, 13))
	assert.Equal(t, []string{name}, left, "a program used it today")
	left, _ = pruned(t, cfg.Cache, later)
	assert.Empty(t, left)
}

func TestBuildRemovesOldTemplates(t *testing.T) {
	t.Parallel()
	cfg := template.Config{Cache: t.TempDir(), Mirror: "http://127.0.0.1:1/debian", Logger: slog.New(slog.DiscardHandler)}
	put(t, cfg.Cache, previous, 15)
	ensure := func(build func(dir string) error) error {
		_, release, err := template.EnsureBy(t.Context(), cfg, template.Default, build)
		if err == nil {
			release()
		}
		return err
	}
	broken := errors.New("broken")
	require.ErrorIs(t, ensure(func(string) error { return broken }), broken)
	assert.Equal(t, []string{previous}, directories(t, cfg.Cache), "there is no better one yet")

	makeDir := func(dir string) error { return os.Mkdir(dir, 0o700) }
	require.NoError(t, ensure(makeDir))
	key, err := template.Key(cfg, template.Default)
	require.NoError(t, err)
	assert.Equal(t, []string{"trixie-" + key}, directories(t, cfg.Cache))
	require.NoError(t, ensure(makeDir), "it is built once")
}
