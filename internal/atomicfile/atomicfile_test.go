package atomicfile_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/atomicfile"
)

// names returns what is in a directory.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	found := make([]string, len(entries))
	for i, entry := range entries {
		found[i] = entry.Name()
	}
	return found
}

func TestWriteReplacesAndLeavesNothingElse(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*atomicfile.File){
		"plain":         func(*atomicfile.File) {},
		"durable":       func(f *atomicfile.File) { f.Durable = true },
		"own temporary": func(f *atomicfile.File) { f.Temp = f.Path + ".tmp" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := atomicfile.File{Path: filepath.Join(dir, "state.json"), Perm: 0o640}
			change(&file)
			for _, content := range []string{"longer than the next", "short", ""} {
				require.NoError(t, file.Write([]byte(content)))
				got, err := os.ReadFile(file.Path)
				require.NoError(t, err)
				assert.Equal(t, content, string(got))
			}
			assert.Equal(t, []string{"state.json"}, names(t, dir))
		})
	}
}

func TestPermissionsAreSetWhateverTheyWereBefore(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows knows read-only alone")
	}
	for name, test := range map[string]struct{ give, want fs.FileMode }{
		"owner only unless said otherwise": {0, 0o600},
		"for everyone":                     {0o644, 0o644},
		"wider than the usual umask":       {0o666, 0o666},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "f")
			require.NoError(t, os.WriteFile(path, nil, 0o400))
			require.NoError(t, os.WriteFile(path+".tmp", nil, 0o444))
			for _, temp := range []string{"", path + ".tmp"} {
				require.NoError(t, atomicfile.File{Path: path, Perm: test.give, Temp: temp}.Write([]byte("x")))
				info, err := os.Stat(path)
				require.NoError(t, err)
				assert.Equal(t, test.want, info.Mode().Perm())
			}
		})
	}
}

func TestFailedWriteChangesNothing(t *testing.T) {
	t.Parallel()
	for name, block := range map[string]func(*testing.T, *atomicfile.File){
		"target is a directory": func(t *testing.T, f *atomicfile.File) {
			t.Helper()
			f.Path = filepath.Join(f.Path, "..", "folder")
			require.NoError(t, os.MkdirAll(filepath.Join(f.Path, "inside"), 0o700))
		},
		"temporary file cannot be made": func(t *testing.T, f *atomicfile.File) {
			t.Helper()
			f.Temp = f.Path + ".tmp"
			require.NoError(t, os.MkdirAll(filepath.Join(f.Temp, "inside"), 0o700))
		},
		"no such directory": func(_ *testing.T, f *atomicfile.File) {
			f.Path = filepath.Join(f.Path, "..", "missing", "f")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := atomicfile.File{Path: filepath.Join(dir, "f")}
			require.NoError(t, file.Write([]byte("old")))
			kept := file.Path
			block(t, &file)
			before := names(t, dir)
			require.Error(t, file.Write([]byte("new")))
			got, err := os.ReadFile(kept)
			require.NoError(t, err)
			assert.Equal(t, "old", string(got))
			assert.Equal(t, before, names(t, dir))
		})
	}
}

// Two programs that are told to write the same file must not mix their content.
func TestWritersDoNotDisturbOneAnother(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := atomicfile.File{Path: filepath.Join(dir, "f")}
	require.NoError(t, file.Write(bytes.Repeat([]byte("0"), 1000)))
	var writers sync.WaitGroup
	for n := range 4 {
		writers.Go(func() {
			for range 50 {
				assert.NoError(t, file.Write(bytes.Repeat([]byte(strconv.Itoa(n)), 1000*(n+1))))
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		got, err := os.ReadFile(file.Path)
		require.NoError(t, err)
		require.NotEmpty(t, got)
		require.Zero(t, len(got)%1000)
		require.Equal(t, len(got), bytes.Count(got, got[:1]), "mixed content")
	}
	assert.Equal(t, []string{"f"}, names(t, dir))
}

func TestCheckWritesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, atomicfile.File{Path: filepath.Join(dir, "f")}.Check())
	assert.Empty(t, names(t, dir))
	require.ErrorIs(t, atomicfile.File{Path: filepath.Join(dir, "missing", "f")}.Check(), fs.ErrNotExist)
}

func TestTemporaryFilesOfACrashAreRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{".f.1.tmp", ".f.22.tmp", "f", "f.tmp", ".f.tmp", ".g.1.tmp", ".f.1.swp"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".f.3.tmp"), 0o700))
	file := atomicfile.File{Path: filepath.Join(dir, "f")}
	require.NoError(t, file.RemoveTemporary())
	assert.Equal(t, []string{".f.1.swp", ".f.3.tmp", ".f.tmp", ".g.1.tmp", "f", "f.tmp"}, names(t, dir))

	file.Temp = filepath.Join(dir, "f.tmp")
	require.NoError(t, file.RemoveTemporary())
	require.NoError(t, file.RemoveTemporary(), "nothing to remove")
	assert.NotContains(t, names(t, dir), "f.tmp")
}
