package grafanaserver_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
	"github.com/exopool/exopool/internal/scripttest"
)

func TestFindSearchesTheGivenPlaces(t *testing.T) {
	folder := install(t, "grafana", wellBehaved)
	program, home := filepath.Join(folder, "bin", "grafana"), filepath.Join(folder, "home")
	elsewhere := filepath.Join(install(t, "grafana", wellBehaved), "home")
	for name, test := range map[string]struct {
		program, home, path string
		want                string
	}{
		"a folder":                 {folder, "", "", home},
		"a program":                {program, "", "", home},
		"a program and a home":     {program, elsewhere, "", elsewhere},
		"a name in the PATH":       {"grafana", "", filepath.Dir(program), home},
		"whatever is in the PATH":  {grafanaserver.Auto, "", filepath.Dir(program), home},
		"the home of another, too": {grafanaserver.Auto, elsewhere, filepath.Dir(program), elsewhere},
	} {
		t.Run(name, func(t *testing.T) {
			if test.program == grafanaserver.Auto {
				withoutPackage(t)
			}
			t.Setenv("PATH", test.path+":/usr/bin:/bin")
			found, err := grafanaserver.Find(t.Context(), test.program, test.home)

			require.NoError(t, err)
			assert.Equal(t, grafanaserver.Installation{
				Program: program, Command: []string{"server"}, Home: test.want, Version: "10.1.2",
			}, found)
		})
	}
}

func TestOldServerHasNoSubcommand(t *testing.T) {
	t.Setenv("PATH", filepath.Join(install(t, "grafana-server", wellBehaved), "bin")+":/usr/bin:/bin")

	found, err := grafanaserver.Find(t.Context(), "grafana-server", "")

	require.NoError(t, err)
	assert.Empty(t, found.Command)
}

func TestFindSaysWhatIsMissing(t *testing.T) {
	folder := install(t, "grafana", wellBehaved)
	other := t.TempDir()
	scripttest.Write(t, filepath.Join(other, "grafana"), "#!/bin/sh\necho hello\n")
	broken := filepath.Join(t.TempDir(), "grafana")
	scripttest.Write(t, broken, "#!/bin/sh\necho no library >&2\nexit 1\n")
	t.Setenv("PATH", "/usr/bin:/bin")
	for name, test := range map[string]struct{ program, home, says string }{
		"no such program":      {"/nowhere/grafana", "", "no grafana found at /nowhere/grafana"},
		"nothing in a folder":  {t.TempDir(), "", "a folder with bin/grafana"},
		"no home":              {folder, t.TempDir(), "no conf/defaults.ini"},
		"does not even start":  {broken, filepath.Join(folder, "home"), `exit status 1: "no library\n"`},
		"no version, no hello": {filepath.Join(other, "grafana"), filepath.Join(folder, "home"), `none in its output "hello\n"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := grafanaserver.Find(t.Context(), test.program, test.home)
			require.ErrorContains(t, err, test.says)
		})
	}
	withoutPackage(t)
	_, err := grafanaserver.Find(t.Context(), grafanaserver.Auto, "")
	require.ErrorIs(t, err, grafanaserver.ErrNotFound)
}

// withoutPackage skips a test where a package would be found first.
func withoutPackage(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/usr/share/grafana/bin"); err == nil {
		t.Skip("a package of Grafana is installed, and found first")
	}
}
