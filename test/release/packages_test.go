package release_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shared returns files of both kinds of packages: mode and path.
func shared() []string {
	return []string{
		"-rwxr-xr-x /usr/bin/autoscaler",
		"-rwxr-xr-x /usr/bin/discovery",
		"-rwxr-xr-x /usr/bin/replay",
		"-rwxr-xr-x /usr/bin/sweep",
		"-rw-r--r-- /usr/lib/systemd/system/autoscaler.service",
		"-rw-r--r-- /usr/lib/systemd/system/discovery.service",
		"-rw-r--r-- /usr/lib/sysusers.d/exopool.conf",
		"-rw-r--r-- /usr/lib/tmpfiles.d/exopool.conf",
		"-rw-r----- /etc/exopool/exopool.env",
		"-rw-r--r-- /usr/share/doc/exopool/copyright",
		"-rw-r--r-- /usr/share/man/man1/autoscaler.1.gz",
		"-rw-r--r-- /usr/share/man/man1/sweep.1.gz",
		"-rw-r--r-- /usr/share/bash-completion/completions/autoscaler",
		"-rw-r--r-- /usr/share/fish/vendor_completions.d/discovery.fish",
	}
}

// output returns what a tool says about a package; the test is skipped without it.
func output(t *testing.T, tool string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Skipf("%s is not installed", tool)
	}
	said, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s", tool, strings.Join(args, " "), said)
	return string(said)
}

func checkDeb(t *testing.T, dist string) {
	t.Helper()
	name := filepath.Join(dist, "exopool_0.1.0_amd64.deb")
	fields := output(t, "dpkg-deb", "--field", name)
	for _, want := range []string{
		"Package: exopool\n", "Version: 0.1.0\n", "Architecture: amd64\n", "Depends: systemd, ca-certificates\n", "Section: admin\n",
	} {
		assert.Contains(t, fields, want)
	}
	files := output(t, "dpkg-deb", "--contents", name)
	for _, file := range shared() {
		mode, path, _ := strings.Cut(file, " ")
		assert.Regexp(t, `(?m)^`+mode+` root/root .* \.?`+path+`$`, files)
	}
	control := t.TempDir()
	output(t, "dpkg-deb", "--control", name, control)
	assert.Equal(t, "/etc/exopool/exopool.env\n", output(t, "cat", filepath.Join(control, "conffiles")))
	t.Run("shellcheck finds nothing in its scripts", func(t *testing.T) {
		for _, script := range []string{"postinst", "prerm", "postrm"} {
			output(t, "shellcheck", filepath.Join(control, script))
		}
	})
	for _, arch := range []string{"amd64", "arm64"} {
		name := filepath.Join(dist, "exopool-fakecloud_0.1.0_"+arch+".deb")
		assert.Contains(t, output(t, "dpkg-deb", "--field", name), "Architecture: "+arch+"\n")
		files := output(t, "dpkg-deb", "--contents", name)
		for _, program := range []string{"fakecloud", "http-load-generator", "exopool-demo"} {
			assert.Regexp(t, `(?m)^-rwxr-xr-x root/root .* \.?/usr/bin/`+program+`$`, files)
		}
	}
}

func checkRPM(t *testing.T, dist string) {
	t.Helper()
	name := filepath.Join(dist, "exopool-0.1.0-1.x86_64.rpm")
	query := func(args ...string) string {
		return output(t, "rpm", append([]string{"--dbpath", t.TempDir(), "--query", "--package", "--nosignature"}, append(args, name)...)...)
	}
	assert.Equal(t, "exopool 0.1.0 1 x86_64 Apache-2.0\n", query("--queryformat", "%{NAME} %{VERSION} %{RELEASE} %{ARCH} %{LICENSE}\n"))
	files := query("--queryformat", "[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES}\n]")
	for _, file := range shared() {
		mode, path, _ := strings.Cut(file, " ")
		assert.Contains(t, files, mode+" root root "+path+"\n")
	}
	assert.Equal(t, "/etc/exopool/exopool.env\n", query("--configfiles"))
	requires := query("--requires")
	assert.Contains(t, requires, "systemd\n")
	assert.Contains(t, requires, "ca-certificates\n")
	scripts := query("--scripts")
	for _, want := range []string{"systemd-sysusers exopool.conf", "--no-reload preset", "--no-reload disable --now", "try-restart"} {
		assert.Contains(t, scripts, want)
	}
}
