package template_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const (
	theirs = "-----BEGIN CERTIFICATE-----\nTHEIRS\n-----END CERTIFICATE-----\n"
	both   = "-----BEGIN CERTIFICATE-----\nBOTH\n-----END CERTIFICATE-----\n"
	ours   = "-----BEGIN CERTIFICATE-----\nOURS\n-----END CERTIFICATE-----\n"
)

// A lab is a directory that looks like a machine with one container.
type lab struct {
	t               *testing.T
	machine, bundle string
}

// put writes files by their path in the lab's machine.
func (l lab) put(files map[string]string) {
	l.t.Helper()
	for name, text := range files {
		name = filepath.Join(l.machine, name)
		require.NoError(l.t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(l.t, os.WriteFile(name, []byte(text), 0o600))
	}
}

func newLab(t *testing.T) lab {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("needs Python, which every machine has")
	}
	dir := t.TempDir()
	l := lab{t, dir, filepath.Join(dir, "bundle")}
	l.put(map[string]string{
		"run/exopool-proc/stat": "cpu", "run/exopool-proc/uptime": "1 1", "run/exopool-proc/version": "not to be mounted",
		"etc/ssl/certs/ca-certificates.crt": both + ours,
		"bundle/rootfs/bin/true":            "",
		"bundle/config.json":                configJSON,
	})
	authority, err := exec.Command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
		"-keyout", filepath.Join(dir, "key"), "-subj", "/CN=authority").Output()
	require.NoError(t, err, "openssl, which comes with CA certificates, makes an authority")
	l.put(map[string]string{"usr/local/share/ca-certificates/exopool.crt": string(authority)})
	return l
}

// configJSON is what docker writes, as far as it matters.
const configJSON = `{"ociVersion":"1.2.0","process":{"args":["/app"],"env":["PATH=/bin","HOME=/"],"cwd":"/","rlimits":[]},
"root":{"path":"rootfs"},"mounts":[
{"destination":"/proc","type":"proc","source":"proc"},
{"destination":"/dev","type":"tmpfs","source":"tmpfs"},
{"destination":"/dev/shm","type":"tmpfs","source":"shm"},
{"destination":"/etc/hosts","type":"bind","source":"/hosts","options":["rbind"]}],
"linux":{"resources":{"memory":{"limit":9223372036854771712}}}}`

// adapt runs the program, and returns what the container's configuration is then.
func (l lab) adapt(args ...string) (string, container) {
	l.t.Helper()
	args = append([]string{"-I", "root/usr/local/lib/exopool/adapt-container", l.machine}, args...)
	output, err := exec.Command("python3", args...).CombinedOutput()
	text, readErr := os.ReadFile(filepath.Join(l.bundle, "config.json"))
	require.NoError(l.t, readErr)
	if err != nil {
		output = append(output, err.Error()...)
	}
	var c container
	_ = json.Unmarshal(text, &c)
	return string(output), c
}

func (l lab) create() container {
	l.t.Helper()
	output, c := l.adapt("--root", "/run/x", "--log=/y", "create", "--bundle", l.bundle, "--pid-file", "/z", "c1")
	if output != "" {
		require.Regexp(l.t, "^container c1 has no CA certificates: .*\n$", output)
	}
	return c
}

type container struct {
	Process struct{ Env []string }
	Mounts  []struct {
		Destination, Source, Type string
		Options                   []string
	}
	Hooks struct {
		Poststop []struct {
			Path      string
			Args, Env []string
		}
	}
	Linux json.RawMessage
}

func (c container) sources() map[string]string {
	m := map[string]string{}
	for _, mount := range c.Mounts {
		m[mount.Destination] = mount.Source
	}
	return m
}

func TestContainerSeesTheMachinesProc(t *testing.T) {
	l := newLab(t)
	sources := l.create().sources()
	assert.Equal(t, l.machine+"/run/exopool-proc/stat", sources["/proc/stat"])
	assert.Equal(t, l.machine+"/run/exopool-proc/uptime", sources["/proc/uptime"])
	assert.NotContains(t, sources, "/proc/version", "runc would refuse it")
	assert.NotContains(t, sources, "/proc/meminfo", "the machine does not have it")
}

// TestHooksReadWhatTheyGet: a runtime that writes a container's state to a hook is
// killed by a broken pipe if the hook has ended.
func TestHooksReadWhatTheyGet(t *testing.T) {
	l := newLab(t)
	l.put(map[string]string{"bundle/rootfs/etc/ssl/certs/more.pem": theirs})
	hooks := l.create().Hooks.Poststop
	require.Len(t, hooks, 1)
	mountPoint := hooks[0].Args[len(hooks[0].Args)-1]
	require.NoError(t, os.WriteFile(mountPoint, nil, 0o600))
	hook := &exec.Cmd{Path: hooks[0].Path, Args: hooks[0].Args, Env: hooks[0].Env}
	stdin, err := hook.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, hook.Start())
	_, err = stdin.Write(make([]byte, 1<<20)) // more than a pipe holds
	require.NoError(t, err)
	require.NoError(t, stdin.Close())
	require.NoError(t, hook.Wait())
	assert.NoFileExists(t, mountPoint)
	assert.FileExists(t, filepath.Join(l.bundle, "rootfs/etc/ssl/certs/more.pem"))
}

func TestMountsOfTheUserStay(t *testing.T) {
	l := newLab(t)
	l.put(map[string]string{"bundle/config.json": strings.Replace(configJSON, `"/etc/hosts"`, `"/proc/stat"`, 1)})
	assert.Equal(t, "/hosts", l.create().sources()["/proc/stat"])
}

func TestContainerWithoutCertificatesTrustsTheAuthorityByItsEnvironment(t *testing.T) {
	l := newLab(t)
	output, c := l.adapt("create", "-b", l.bundle, "c1")
	assert.Contains(t, output, "container c1 has no CA certificates")
	assert.Contains(t, c.Process.Env, "SSL_CERT_FILE=/dev/exopool/ca-certificates.crt")
	assert.Contains(t, c.Process.Env, "NODE_EXTRA_CA_CERTS=/dev/exopool/authority.crt")
	assert.Contains(t, c.Process.Env, "PATH=/bin")
	assert.Empty(t, c.Hooks.Poststop, "nothing is put into the image")
	trusted, err := os.ReadFile(c.sources()["/dev/exopool/ca-certificates.crt"])
	require.NoError(t, err)
	assert.Equal(t, both+ours, string(trusted))
	wgetrc, err := os.ReadFile(c.sources()["/dev/exopool/wgetrc"])
	require.NoError(t, err)
	assert.Equal(t, "ca_certificate = /dev/exopool/ca-certificates.crt\n", string(wgetrc))
	assert.JSONEq(t, `{"resources":{"memory":{"limit":9223372036854771712}}}`, string(c.Linux), "numbers stay exact")
}

func TestWhatTheImageTrustsIsTrustedToo(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"Debian": {"etc/ssl/certs/ca-certificates.crt": theirs + both},
		"RHEL":   {"etc/pki/tls/certs/ca-bundle.crt": theirs + both},
	} {
		l := newLab(t)
		for file, text := range files {
			l.put(map[string]string{"bundle/rootfs/" + file: text})
		}
		c := l.create()
		trusted, err := os.ReadFile(c.sources()["/dev/exopool/ca-certificates.crt"])
		require.NoError(t, err)
		assert.Equal(t, both+ours+theirs, string(trusted), name)
		assert.Len(t, c.Hooks.Poststop, 1, "%s: the mount point beside them is removed", name)
		l.put(map[string]string{"bundle/config.json": configJSON})
		_, c = l.adapt("run", "--bundle", l.bundle, "c1")
		assert.Empty(t, c.Hooks.Poststop, "%s: there is none in builds by BuildKit, which would keep it", name)
		assert.Contains(t, c.Process.Env, "SSL_CERT_FILE=/dev/exopool/ca-certificates.crt")
	}
}

func TestMountPointIsRemovedWhenItIsEmpty(t *testing.T) {
	l := newLab(t)
	l.put(map[string]string{"bundle/rootfs/etc/ssl/certs/ca-certificates.crt": theirs})
	c := l.create()
	require.Len(t, c.Hooks.Poststop, 1)
	hook := c.Hooks.Poststop[0]
	file := hook.Args[len(hook.Args)-1]
	assert.Regexp(t, `/rootfs/etc/ssl/certs/[0-9a-f]{8}\.0$`, file)
	for _, content := range []string{"", theirs} {
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		cmd := exec.Command(hook.Path, hook.Args[1:]...)
		cmd.Env = append([]string{}, hook.Env...) // crun gives it nothing else
		stdin, err := cmd.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = stdin.Write(make([]byte, 1<<20)) // more than a pipe holds
		require.NoError(t, err, "crun dies of that")
		require.NoError(t, stdin.Close())
		require.NoError(t, cmd.Wait())
		assert.Equal(t, content == "", !exists(file))
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func TestLinksOfTheImageLeadNowhereElse(t *testing.T) {
	l := newLab(t)
	l.put(map[string]string{"secret": theirs})
	certs := filepath.Join(l.bundle, "rootfs/etc/ssl/certs")
	require.NoError(t, os.MkdirAll(certs, 0o755))
	require.NoError(t, os.Symlink("../../../../../../../../../../.."+l.machine+"/secret", certs+"/ca-certificates.crt"))
	c := l.create()
	trusted, err := os.ReadFile(c.sources()["/dev/exopool/ca-certificates.crt"])
	require.NoError(t, err)
	assert.Equal(t, both+ours, string(trusted))
	require.NoError(t, os.RemoveAll(certs))
	require.NoError(t, os.Symlink("certs", certs)) // to itself
	output, c := l.adapt("create", "--bundle", l.bundle, "c1")
	assert.Contains(t, output, "exit status 1")
	assert.Contains(t, c.Process.Env, "PATH=/bin", "it runs as it was")
}

func TestVariablesOfTheUserStay(t *testing.T) {
	l := newLab(t)
	l.put(map[string]string{"bundle/config.json": strings.Replace(configJSON, `"HOME=/"`,
		`"SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt","CURL_CA_BUNDLE=/my.pem","GIT_SSL_CAINFO="`, 1)})
	env := l.create().Process.Env
	assert.Contains(t, env, "CURL_CA_BUNDLE=/my.pem")
	assert.NotContains(t, env, "CURL_CA_BUNDLE=/dev/exopool/ca-certificates.crt")
	assert.Contains(t, env, "SSL_CERT_FILE=/dev/exopool/ca-certificates.crt", "the usual place, as in images without a shell")
	assert.NotContains(t, env, "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt")
}

func TestCertificatesThatTheUserMountsStay(t *testing.T) {
	l := newLab(t)
	l.put(map[string]string{
		"certs/ca-certificates.crt":        theirs,
		"bundle/rootfs/etc/ssl/certs/none": "",
		"bundle/config.json": strings.Replace(configJSON, `"/etc/hosts","type":"bind","source":"/hosts"`,
			`"/etc/ssl/certs","type":"bind","source":"`+l.machine+`/certs"`, 1),
	})
	c := l.create()
	trusted, err := os.ReadFile(c.sources()["/dev/exopool/ca-certificates.crt"])
	require.NoError(t, err)
	assert.Equal(t, both+ours+theirs, string(trusted))
	assert.Empty(t, c.Hooks.Poststop, "there may be no place for a mount point")
}

func TestContainerThatStartsAgainIsAdaptedOnce(t *testing.T) {
	l := newLab(t)
	l.put(map[string]string{"bundle/rootfs/etc/ssl/certs/ca-certificates.crt": theirs})
	first := l.create()
	second := l.create()
	assert.Equal(t, first.Mounts, second.Mounts)
	assert.ElementsMatch(t, first.Process.Env, second.Process.Env)
}

func TestProcessExecutedInAContainerGetsTheVariables(t *testing.T) {
	l := newLab(t)
	process := filepath.Join(l.machine, "process.json")
	const before = `{"args":["sh"],"env":["HOME=/"],"cwd":"/"}`
	l.put(map[string]string{"process.json": before})
	exec := func() string {
		output, _ := l.adapt("exec", "--process", process, "--detach", "c1")
		require.Empty(t, output)
		text, err := os.ReadFile(process)
		require.NoError(t, err)
		return string(text)
	}
	assert.Equal(t, before, exec(), "the container was not adapted")
	l.create()
	assert.Contains(t, exec(), "SSL_CERT_FILE=/dev/exopool")
}

func TestOtherCommandsChangeNothing(t *testing.T) {
	l := newLab(t)
	for _, args := range [][]string{
		nil,
		{"--version"},
		{"state", "create"},
		{"--root"},
		{"kill", "--bundle", l.bundle, "c1"},
		{"exec", "c1", "run"},
	} {
		output, _ := l.adapt(args...)
		assert.Empty(t, output, args)
		text, err := os.ReadFile(filepath.Join(l.bundle, "config.json"))
		require.NoError(t, err)
		assert.Equal(t, configJSON, string(text), args)
	}
}

// adaptAll is the program for many containers, which says what became of each.
const adaptAll = `
import importlib.machinery, importlib.util, sys
loader = importlib.machinery.SourceFileLoader("adapt", sys.argv[1])
sys.dont_write_bytecode = True
program = importlib.util.module_from_spec(importlib.util.spec_from_loader("adapt", loader))
loader.exec_module(program)
for bundle in sys.argv[3:]:
    try:
        program.main(sys.argv[2], ["create", "--bundle", bundle, "c1"])
        print("adapted")
    except Exception as problem:
        print("left", type(problem).__name__)
`

// configurations are that of a container, cut or with other values here and there.
func configurations() *rapid.Generator[string] {
	value := rapid.SampledFrom([]string{
		"null", "[]", "{}", "1e999", "-0", `""`, `"\ud800"`, "true", `["/proc"]`, `[{"destination":"/proc"}]`, `[{"source":1}]`,
		`{"path":7}`, `{"path":"/"}`, `{"path":"rootfs","readonly":true}`, `{"env":7}`, `{"env":["A",1]}`, `{"poststop":[]}`, `[{}]`,
		`[{"destination":"/dev","type":"tmpfs"},{"destination":"/","type":"bind","source":"/"}]`, `{"env":["=","SSL_CERT_FILE"]}`,
	})
	return rapid.Custom(func(t *rapid.T) string {
		config := configJSON
		for _, key := range []string{"process", "root", "mounts", "linux", "hooks"} {
			if rapid.IntRange(0, 2).Draw(t, "change "+key) == 0 {
				config = strings.TrimSuffix(config, "}") + `,"` + key + `":` + value.Draw(t, key) + "}"
			}
		}
		if rapid.IntRange(0, 9).Draw(t, "cut") == 0 {
			config = config[:rapid.IntRange(0, len(config)-1).Draw(t, "length")]
		}
		return config
	})
}

// Whatever the configuration is, it is left as it was, or what it had is still
// there.
func TestNoConfigurationIsBroken(t *testing.T) {
	l := newLab(t)
	args := []string{"-I", "-c", adaptAll, "root/usr/local/lib/exopool/adapt-container", l.machine}
	var configs []string
	for i := range 500 {
		config := configurations().Example(i)
		name := fmt.Sprintf("b%d", i)
		l.put(map[string]string{name + "/config.json": config, name + "/rootfs/etc/hosts": ""})
		configs, args = append(configs, config), append(args, filepath.Join(l.machine, name))
	}
	output, err := exec.Command("python3", args...).Output()
	require.NoError(t, err)
	results := strings.Fields(strings.ReplaceAll(string(output), "left ", "left:"))
	require.Len(t, results, len(configs))
	adapted := 0
	for i, before := range configs {
		after, err := os.ReadFile(filepath.Join(args[5+i], "config.json"))
		require.NoError(t, err)
		if results[i] != "adapted" {
			require.Equal(t, before, string(after), results[i])
			continue
		}
		adapted++
		var was, is map[string]any
		require.NoError(t, json.Unmarshal([]byte(before), &was))
		require.NoError(t, json.Unmarshal(after, &is), before)
		for _, key := range []string{"linux", "root", "ociVersion"} {
			require.Equal(t, was[key], is[key])
		}
		if mounts, ok := was["mounts"].([]any); ok {
			require.Subset(t, is["mounts"], mounts)
		}
	}
	assert.Greater(t, adapted, len(configs)/10, "most are not so strange")
	assert.Less(t, adapted, len(configs)*9/10, "but some are")
}

// runtimes puts a directory with our runtimes and one with others, which say
// what they are asked, and returns a function that runs one.
func runtimes(t *testing.T, installed ...string) func(name string, args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"runc", "crun"} {
		text, err := os.ReadFile("root/usr/local/bin/" + name)
		require.NoError(t, err)
		write(t, filepath.Join(dir, "local", name), string(text))
	}
	for _, name := range installed {
		write(t, filepath.Join(dir, "bin", name), "#!/bin/sh\necho real "+name+" \"$@\"\nexit 7\n")
	}
	return func(name string, args ...string) (string, error) {
		cmd := exec.Command(filepath.Join(dir, "local", name), args...)
		cmd.Env = []string{"PATH=" + dir + "/local:" + dir + "/bin"}
		output, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(output)), err
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(text), 0o755))
}

func TestRuntimesDifferByNameOnly(t *testing.T) {
	runc, err := os.ReadFile("root/usr/local/bin/runc")
	require.NoError(t, err)
	crun, err := os.ReadFile("root/usr/local/bin/crun")
	require.NoError(t, err)
	assert.Equal(t, string(runc), string(crun))
}

func TestRealRuntimeRunsWhateverHappens(t *testing.T) {
	run := runtimes(t, "runc", "crun")
	for _, name := range []string{"runc", "crun"} {
		output, err := run(name, "--root", "/a b", "create", "--bundle", "/nowhere", "*")
		assert.Equal(t, "real "+name+" --root /a b create --bundle /nowhere *", output)
		assert.ErrorContains(t, err, "exit status 7", "its exit code is passed on")
	}
}

func TestRuntimeThatIsNotInstalledIsReplacedByTheOther(t *testing.T) {
	if _, err := exec.LookPath("runc"); err == nil {
		t.Skip("a runtime is installed here, which would be found")
	}
	output, _ := runtimes(t, "runc")("crun", "--version")
	assert.Equal(t, "real runc --version", output)
	output, err := runtimes(t)("crun", "--version")
	assert.Equal(t, "crun: not found", output)
	assert.ErrorContains(t, err, "exit status 127")
}
