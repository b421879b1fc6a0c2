package cloudinitstatus_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/cloudinitstatus"
)

// disk is that of a machine on which cloud-init has finished.
func disk(t *testing.T, status, output string) *os.Root {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"var/lib/cloud/data/result.json": "{}", "var/lib/cloud/data/status.json": status, "var/log/cloud-init-output.log": output,
	} {
		name = filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	}
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	t.Cleanup(func() { root.Close() })
	return root
}

func read(t *testing.T, status, output string) cloudinitstatus.Outcome {
	t.Helper()
	o, finished, err := cloudinitstatus.Read(disk(t, status, output), time.Time{})
	require.NoError(t, err)
	require.True(t, finished)
	return o
}

const (
	good = `{"v1": {"datasource": "DataSourceExoscale", "stage": null,
		"init": {"errors": [], "recoverable_errors": {}, "start": 1.5, "finished": 2.5},
		"modules-final": {"errors": [], "recoverable_errors": {"DEPRECATED": ["users is old"]}}}}`
	failedScript = `{"v1": {"init": {"errors": []}, "modules-final": {
		"errors": ["('scripts-user', RuntimeError('Runparts: 1 failures (runcmd) in 1 attempted commands'))"],
		"recoverable_errors": {"WARNING": ["Failed to run module scripts-user"]}}}}`
	badYAML = `{"v1": {"init": {"errors": [], "recoverable_errors": {"WARNING": [
		"Failed loading yaml blob. Invalid format at line 2 column 1: \"while parsing a block mapping\n` +
		`  in \"<unicode string>\", line 2, column 1:\n    password: hidden\n    ^\nexpected <block end>, but found '['\n` +
		`  in \"<unicode string>\", line 4, column 2:\n     bad: [\n     ^\""]}}}}`
	unknown = `{"v1": {"init": {"errors": [], "recoverable_errors": {"WARNING": [
		"Unhandled non-multipart (text/x-not-multipart) userdata: 'b'password: hidden'...'"]}}}}`
	keys = "Generating public/private ed25519 key pair.\nYour identification has been saved\n" +
		"+--[ED25519 256]--+\n|  o  |\n+----[SHA256]-----+\n"
)

func TestGoodUserData(t *testing.T) {
	o := read(t, good, "hello\n"+keys)
	require.NoError(t, o.Err())
	assert.Equal(t, []string{"users is old"}, o.Warnings)
	assert.Equal(t, []string{"hello"}, o.Tail, "without the drawings of host keys")
}

func TestFailingCommandIsNamedWithItsLine(t *testing.T) {
	o := read(t, failedScript, "hi\n/var/lib/cloud/instance/scripts/runcmd: 3: nosuchcmd: not found\n"+keys)
	require.EqualError(t, o.Err(), "user-data failed at line 3 of runcmd (its commands begin at line 2): nosuchcmd: not found")
}

func TestNewerVersionsNameModulesAsPythonDoes(t *testing.T) {
	// As 26.1 of Ubuntu 22.04 writes it.
	const newer = `{"v1": {"datasource": "DataSourceExoscale", "stage": null,
		"init": {"errors": [], "finished": 2.5, "start": 1.5}, "modules-final": {
		"errors": ["('scripts_user', RuntimeError('Runparts: 1 failures (part-001) in 1 attempted commands'))"]}}}`
	o := read(t, newer, "/var/lib/cloud/instance/scripts/part-001: line 3: nosuchcmd: command not found\n")
	require.EqualError(t, o.Err(), "user-data failed at line 3 of part-001: nosuchcmd: command not found")
}

func TestScriptFailsByItsLastCommandUnlessItStopsAtErrors(t *testing.T) {
	for script, want := range map[string]string{
		"#!/bin/sh\necho hi\nfalse\n":             " at line 3 of runcmd (its commands begin at line 2), the last command",
		"#!/bin/sh\nset -e\nfalse\necho hi\n":     " in runcmd",
		"#!/bin/bash -e\nfalse\necho hi\n":        " in runcmd",
		"#!/bin/bash\nset -euo pipefail\nfalse\n": " in runcmd",
		"#!/bin/sh\nexit 3\n":                     " in runcmd",
	} {
		root := disk(t, failedScript, "hi\n")
		require.NoError(t, root.MkdirAll("var/lib/cloud/instances/i/scripts", 0o755))
		require.NoError(t, root.WriteFile("var/lib/cloud/instances/i/scripts/runcmd", []byte(script), 0o600))
		o, _, err := cloudinitstatus.Read(root, time.Time{})
		require.NoError(t, err)
		assert.EqualError(t, o.Err(),
			"user-data failed"+want+": hi", script)
	}
}

// The files are what cloud-init 25.1.4 of Debian 13 wrote, and 26.1 of Ubuntu 22.04.
func TestErrorsOfRealMachines(t *testing.T) {
	for file, want := range map[string]string{
		"bad-yaml": `Failed loading yaml blob. Invalid format at line 2 column 1: "while parsing a block mapping in ` +
			`"<unicode string>", line 2, column 1 expected <block end>, but found '<block mapping start>' in ` +
			`"<unicode string>", line 4, column 2"; Failed at merging in cloud config part from part-001: empty cloud config`,
		"missing-package": "package-update-upgrade-install: Failed to install the following packages: {'nosuchpackage'}. " +
			"See associated package manager logs for more details.",
		"wrong-type": "runcmd: Failed to shellify 12 into file " +
			"/var/lib/cloud/instances/0f8fad5b-d9cb-469f-a165-000000000003/scripts/runcmd",
		"unwritable-file": "write-files: 2, 'No such file or directory'",
	} {
		status, err := os.ReadFile("testdata/" + file + ".json")
		require.NoError(t, err)
		assert.EqualError(t, read(t, string(status), "").Err(), "user-data failed: "+want)
	}
}

func TestUnknownKeysAreWarnedOfOnly(t *testing.T) {
	status, err := os.ReadFile("testdata/wrong-type.json")
	require.NoError(t, err)
	assert.Contains(t, strings.Join(read(t, string(status), "").Warnings, "\n"), "failed schema validation")
}

func TestBadYAMLIsNamedWithItsLineButNotQuoted(t *testing.T) {
	err := read(t, badYAML, "").Err()
	require.ErrorContains(t, err, "Invalid format at line 2 column 1")
	require.ErrorContains(t, err, "expected <block end>, but found '[' in \"<unicode string>\", line 4, column 2")
	assert.NotContains(t, err.Error(), "hidden")
}

func TestDataOfNoKnownKindIsAnError(t *testing.T) {
	err := read(t, unknown, "").Err()
	require.ErrorContains(t, err, "it begins neither with #cloud-config nor with #!")
	assert.NotContains(t, err.Error(), "hidden")
}

func TestNothingIsSaidBeforeTheBootIsOver(t *testing.T) {
	root := disk(t, good, "")
	_, finished, err := cloudinitstatus.Read(root, time.Now().Add(time.Hour))
	require.NoError(t, err)
	assert.False(t, finished, "what is there is of an earlier boot")

	require.NoError(t, root.Remove("var/lib/cloud/data/result.json"))
	_, finished, err = cloudinitstatus.Read(root, time.Time{})
	require.NoError(t, err)
	assert.False(t, finished)
}

func TestCloudInitThatEndsWithTheMachineIsNoError(t *testing.T) {
	root := disk(t, `{"v1": {"modules-final": {"errors": ["sys.exit(1) called"]}}}`, "")
	_, finished, err := cloudinitstatus.Read(root, time.Time{})
	require.NoError(t, err)
	assert.False(t, finished)

	ago := time.Now().Add(-time.Minute)
	require.NoError(t, root.Chtimes("var/lib/cloud/data/result.json", ago, ago))
	o, finished, err := cloudinitstatus.Read(root, time.Time{})
	require.NoError(t, err)
	require.True(t, finished)
	assert.Error(t, o.Err(), "the machine is still on")
}

func TestLinksDoNotLeadToTheHost(t *testing.T) {
	root := disk(t, good, "")
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("hidden"), 0o600))
	require.NoError(t, root.Remove("var/log/cloud-init-output.log"))
	require.NoError(t, root.Symlink(secret, "var/log/cloud-init-output.log"))
	o, _, err := cloudinitstatus.Read(root, time.Time{})
	require.Error(t, err)
	assert.Empty(t, o.Tail)
}

func TestTailIsShort(t *testing.T) {
	o := read(t, good, strings.Repeat("x", 10_000)+"\n"+strings.Repeat("10 %\r20 %\r100 %\n", 1000))
	assert.Len(t, o.Tail, 15)
	assert.Equal(t, "100 %", o.Tail[0])
}

func FuzzStatus(f *testing.F) {
	for _, seed := range []string{good, failedScript, badYAML, unknown, `{"v1":{"init":[]}}`, `{}`, `[]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(_ *testing.T, text []byte) {
		_, _, _ = cloudinitstatus.ParseStatus(text) // must not panic
	})
}

// The files are what cloud-init 25.1.4 of Debian 13 wrote, and 26.1 of Ubuntu 22.04.
func TestCauseIsWhatTheScriptSaidLast(t *testing.T) {
	for name, want := range map[string]string{
		"apt-e":      " at line 5 of part-001: E: Unable to locate package dockre.io (exit code 100)",
		"curl":       " in part-001: it wrote nothing that says why (exit code 6)",
		"exit3":      " in part-001: it wrote nothing that says why (exit code 3)",
		"interp":     " in part-001: it could not be started: [Errno 2] No such file or directory; its first line asks for the interpreter /usr/bin/perll",
		"last":       " at line 3 of part-001: docker: command not found (exit code 127)",
		"py":         " at line 7 of part-001: ValueError: bad thing (exit code 1)",
		"python":     " in part-001: ValueError: bad thing (exit code 1)",
		"syntax":     " at line 5 of part-001: syntax error: unexpected end of file (exit code 2)",
		"runcmd":     " at line 3 of runcmd (its commands begin at line 2): Failed to enable unit: Unit nosuch.service does not exist (exit code 1)",
		"package":    ": package-update-upgrade-install: Failed to install the following packages: {'nosuchpackage'}. See associated package manager logs for more details.",
		"passed":     " at line 14 of part-001: docker: command not found (exit code 127); it had gone on after an error: E: Unable to locate package docker.oi",
		"no-e":       "",
		"runcmd-mid": "",
		"crlf":       "",
	} {
		o := machine(t, name)
		if want == "" {
			assert.NoError(t, o.Err(), name)
		} else {
			assert.EqualError(t, o.Err(), "user-data failed"+want, name)
		}
		for _, line := range o.Tail {
			assert.NotRegexp(t, `^Reading|ci-info|\+--|Cloud-init v|SHA256|\.py\[`, line, name)
		}
	}
}

func TestComplaintsAreSeenAlsoWhereTheScriptWentOn(t *testing.T) {
	assert.Equal(t, []string{"Error: Unable to locate package docker.io", "line 4: docker: command not found"}, machine(t, "no-e").Complaints)
	assert.Equal(t, []string{"line 3: nosuchcmd: not found"}, machine(t, "runcmd-mid").Complaints)
	assert.Empty(t, machine(t, "crlf").Complaints)
}

func TestServicesThatPackagesCouldNotStartAreNoComplaints(t *testing.T) {
	const installed = `Setting up ubuntu-fan (0.12.16) ...
Job for ubuntu-fan.service failed because the control process exited with error code.
See "systemctl status ubuntu-fan.service" and "journalctl -xeu ubuntu-fan.service" for details.
Could not execute systemctl:  at /usr/bin/deb-systemd-invoke line 142.
Setting up docker.io (28.2.2) ...
`
	const own = `Job for app.service failed because the control process exited with error code.
See "systemctl status app.service" and "journalctl -xeu app.service" for details.
`
	for output, want := range map[string][]string{
		installed:       nil,
		installed + own: {"Job for app.service failed because the control process exited with error code."},
	} {
		o, _, err := cloudinitstatus.Read(disk(t, `{"v1":{"modules-final":{"errors":[]}}}`, output), time.Time{})
		require.NoError(t, err)
		assert.Equal(t, want, o.Complaints)
	}
	failed := `{"v1":{"modules-final":{"errors":["('scripts_user', RuntimeError('Runparts: 1 failures (part-001) in 1 attempted commands'))"]}}}`
	o, _, err := cloudinitstatus.Read(disk(t, failed, installed+"it is over\n"), time.Time{})
	require.NoError(t, err)
	assert.ErrorContains(t, o.Err(), "it is over")
}

// machine returns the outcome on a machine whose files are in testdata.
func machine(t *testing.T, name string) cloudinitstatus.Outcome {
	t.Helper()
	file := func(base string) string {
		text, err := os.ReadFile(filepath.Join("testdata/machines", name, base))
		if !os.IsNotExist(err) {
			require.NoError(t, err)
		}
		return string(text)
	}
	root := disk(t, file("status.json"), file("output.log"))
	require.NoError(t, root.WriteFile("var/log/cloud-init.log", []byte(file("cloud-init.log")), 0o600))
	require.NoError(t, root.MkdirAll("var/lib/cloud/instances/i/scripts", 0o755))
	for script, text := range map[string]string{"part-001": file("script"), "runcmd": file("runcmd")} {
		if text != "" {
			require.NoError(t, root.WriteFile("var/lib/cloud/instances/i/scripts/"+script, []byte(text), 0o600))
		}
	}
	o, finished, err := cloudinitstatus.Read(root, time.Time{})
	require.NoError(t, err)
	require.True(t, finished)
	return o
}

func TestSecretsAndControlCharactersAreNotPassedOn(t *testing.T) {
	o := read(t, failedScript, "\x1b[31mexport EXOSCALE_SECRET=abc123\x1b[0m\ncurl https://me:abc123@host/\n"+
		"docker login --password abc123\nAuthorization: Bearer abc123abc123\nkey EXO0123456789abcdef01234567 is not valid\x07\n")
	for _, line := range append(o.Tail, o.Err().Error()) {
		assert.NotRegexp(t, `abc123|0123456789|[[:cntrl:]]`, line)
	}
	require.ErrorContains(t, o.Err(), "key EXO… is not valid")
	o = read(t, failedScript, "E: the token expired\n")
	assert.ErrorContains(t, o.Err(), "E: the token expired", "no assignment")
}

func FuzzOutput(f *testing.F) {
	f.Add("a\r\nb\r", "#!/bin/sh\nb\n")
	f.Add(keys+"/var/lib/cloud/instance/scripts/runcmd: 3: x", "#!/bin/bash\nset -e\nif true\n")
	f.Add("E: Unable to locate package x\n", "#!/bin/bash\napt-get install x\n")
	f.Fuzz(func(t *testing.T, output, script string) {
		why, tail, complaints := cloudinitstatus.Output(output, script)
		for _, line := range append(append(tail, complaints...), why) {
			if strings.ContainsFunc(line, unicode.IsControl) || len(line) > 1000 || !utf8.ValidString(line) {
				t.Errorf("line %q", line)
			}
		}
	})
}
