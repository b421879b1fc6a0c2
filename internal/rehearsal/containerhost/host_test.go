package containerhost_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/containerhost"
)

// A machine plays one with podman.
type machine struct {
	starts int
	fails  error // of the next start

	// answers by a word of the script.
	answers map[string]answer
	calls   []call
}

type call struct {
	args  []string
	stdin string
}

type answer struct {
	code   int
	output string
	err    error
}

func (m *machine) start(_ context.Context, userData []byte) (driverapi.Helper, error) {
	if !bytes.HasPrefix(userData, []byte("#!/bin/sh\n")) {
		return nil, errors.New("user-data that cloud-init does not know")
	}
	if err := m.fails; err != nil {
		m.fails = nil
		return nil, err
	}
	m.starts++
	return m, nil
}

func (m *machine) Address() netip.Addr { return netip.MustParseAddr("198.18.192.4") }

func (m *machine) Run(_ context.Context, args []string, stdin io.Reader, stdout, _ io.Writer) (int, error) {
	c := call{args: args}
	if stdin != nil {
		content, err := io.ReadAll(stdin)
		if err != nil {
			return 0, err
		}
		c.stdin = string(content)
	}
	m.calls = append(m.calls, c)
	for word, a := range m.answers {
		if strings.Contains(args[2], word) || strings.Contains(c.stdin, word) {
			_, err := io.WriteString(stdout, a.output)
			return a.code, errors.Join(a.err, err)
		}
	}
	return 0, nil
}

// all is all that was run, by arguments.
func (m *machine) all() string {
	var b strings.Builder
	for _, c := range m.calls {
		b.WriteString(strings.Join(c.args, " ") + "\n")
	}
	return b.String()
}

// folder is a new folder with files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return dir
}

func newHost(t *testing.T, answers map[string]answer) (*containerhost.Host, *machine) {
	t.Helper()
	m := &machine{answers: answers}
	host, err := containerhost.New(containerhost.Config{StartMachine: m.start})
	require.NoError(t, err)
	return host, m
}

func TestFolderIsBuiltFromACopy(t *testing.T) {
	t.Parallel()
	host, m := newHost(t, nil)
	dir := folder(t, map[string]string{"Dockerfile": "FROM scratch\n", "sub/run.sh": "#!/bin/sh\n", ".dockerignore": "x\n"})
	require.NoError(t, os.Chmod(filepath.Join(dir, "sub/run.sh"), 0o755))
	require.NoError(t, os.Symlink("../../etc/passwd", filepath.Join(dir, "link")))

	image, err := host.Build(t.Context(), dir)

	require.NoError(t, err)
	assert.Equal(t, "localhost/rehearsal-1", image)
	require.Len(t, m.calls, 2)
	assert.Contains(t, m.calls[1].args[2], "podman build")
	assert.Contains(t, m.calls[1].args, image)
	archive := tar.NewReader(strings.NewReader(m.calls[0].stdin))
	got := map[string]string{}
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		assert.Zero(t, header.Uid+header.Gid)
		content, err := io.ReadAll(archive)
		require.NoError(t, err)
		got[header.Name] = string(content) + header.Linkname
		if header.Name == "sub/run.sh" {
			assert.EqualValues(t, 0o755, header.Mode)
		}
	}
	assert.Equal(t, map[string]string{
		"Dockerfile": "FROM scratch\n", "sub/": "", "sub/run.sh": "#!/bin/sh\n", ".dockerignore": "x\n",
		"link": "../../etc/passwd",
	}, got)

	_, err = host.Build(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, 1, m.starts)
}

func TestFolderThatCannotBeBuilt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files   map[string]string
		answers map[string]answer
		want    []string
	}{
		"no Dockerfile": {map[string]string{"dockerfile": ""}, nil, []string{"it has no Dockerfile"}},
		"a directory":   {map[string]string{"Dockerfile/x": ""}, nil, []string{"its Dockerfile is no file"}},
		"a step that fails": {
			map[string]string{"Dockerfile": ""},
			map[string]answer{"podman build": {1, strings.Repeat("noise\n", 1e5) + "app.go:3: undefined: x\nError: building at STEP\n", nil}},
			[]string{"exit code 1", "noise\napp.go:3: undefined: x\nError: building at STEP"},
		},
		"an unknown instruction": {
			map[string]string{"Dockerfile": ""},
			map[string]answer{"podman build": {125, "STEP 1/1: NOSUCH x\n" +
				`time="x" level=error msg="+(UNHANDLED LOGLEVEL) &imagebuilder.Step{Env:[]string{}}"` + "\n" +
				`Error: building at STEP "NOSUCH ": Build error: Unknown instruction: "NOSUCH" &imagebuilder.Step{Env:[]string{}}`, nil}},
			[]string{"exit code 125:\nSTEP 1/1: NOSUCH x\nError: building at STEP \"NOSUCH \": Build error: Unknown instruction: \"NOSUCH\""},
		},
		"an image that cannot be pulled": {
			map[string]string{"Dockerfile": ""},
			map[string]answer{"podman build": {125, "STEP 1/2: FROM python:3.9\nError: creating build container: " +
				"initializing source docker://python:3.9: pinging container registry registry-1.docker.io: no such host\n", nil}},
			[]string{"the image python:3.9 cannot be pulled: pinging", "no such host", "-image python:3.9=FOLDER|ARCHIVE"},
		},
		"an image of Docker Hub with its whole name": {
			map[string]string{"Dockerfile": ""},
			map[string]answer{"podman build": {125, `Error: initializing source docker://docker.io/library/python:3.9: EOF`, nil}},
			[]string{"the image python:3.9 cannot be pulled: EOF"},
		},
		"a machine that is off": {
			map[string]string{"Dockerfile": ""},
			map[string]answer{"podman build": {0, "", errors.New("it is off")}},
			[]string{"it is off"},
		},
		"a disk that is full": {
			map[string]string{"Dockerfile": ""},
			map[string]answer{"tar --extract": {2, "tar: no space left", nil}},
			[]string{"copy it to the machine", "no space left"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, _ := newHost(t, c.answers)
			dir := folder(t, c.files)
			_, err := host.Build(t.Context(), dir)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			assert.Contains(t, err.Error(), dir)
			assert.Less(t, len(err.Error()), 2000)
		})
	}
}

func TestFolderThatIsTooBigIsRefused(t *testing.T) {
	t.Parallel()
	host, m := newHost(t, nil)
	dir := folder(t, map[string]string{"Dockerfile": "", "disk.img": ""})
	require.NoError(t, os.Truncate(filepath.Join(dir, "disk.img"), 2<<30))
	_, err := host.Build(t.Context(), dir)
	require.ErrorContains(t, err, "holds more than 1024 MiB: keep in it only what the image is built from")
	assert.NotContains(t, m.all(), "podman build")
}

func TestMachineThatDoesNotStartIsTriedAgain(t *testing.T) {
	t.Parallel()
	host, m := newHost(t, nil)
	m.fails = errors.New("no space left")
	dir := folder(t, map[string]string{"Dockerfile": ""})
	_, err := host.Build(t.Context(), dir)
	require.ErrorContains(t, err, "start the machine that runs containers: no space left")
	_, err = host.Build(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, 1, m.starts)
}

func TestSecretsAreNoArguments(t *testing.T) {
	t.Parallel()
	host, m := newHost(t, nil)
	c, err := host.Start(t.Context(), acceptance.ContainerSpec{
		Image: "localhost/a", Env: map[string]string{"EXOSCALE_SECRET": "it's secret"}, Port: 8090,
	})
	require.NoError(t, err)
	assert.Equal(t, "http://198.18.192.4:8090", c.URL())
	assert.NotContains(t, m.all(), "secret")
	script := m.calls[0].stdin
	assert.Contains(t, script, `export EXOSCALE_SECRET='it'\''s secret'`+"\n")
	for _, want := range []string{"--env EXOSCALE_SECRET ", "--publish 8090:8090", ":/srv/service-discovery", " 'localhost/a' "} {
		assert.Contains(t, script, want)
	}
	require.NoError(t, c.Close(t.Context()))
	assert.Contains(t, m.all(), "podman rm")

	c, err = host.Start(t.Context(), acceptance.ContainerSpec{Image: "localhost/a"})
	require.NoError(t, err)
	assert.Empty(t, c.URL())
}

func TestContainerThatCannotBeStartedIsRemoved(t *testing.T) {
	t.Parallel()
	host, m := newHost(t, map[string]answer{"podman run": {127, "Error: /nosuch not found", nil}})
	_, err := host.Start(t.Context(), acceptance.ContainerSpec{Image: "localhost/a"})
	require.ErrorContains(t, err, "start a container: exit code 127:\nError: /nosuch not found")
	assert.Contains(t, m.all(), "podman rm")

	_, err = host.Start(t.Context(), acceptance.ContainerSpec{Env: map[string]string{"A;B": "", "C": "\x00"}, Port: 1e6})
	for _, want := range []string{"it has no image", "port 1000000 is none", `"A;B" cannot be set`, `"C" cannot be set`} {
		require.ErrorContains(t, err, want)
	}
}

func TestFilesAndEndOfAContainer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer answer
		check  func(*testing.T, acceptance.Container)
	}{
		"a file": {answer{0, "[]\n", nil}, func(t *testing.T, c acceptance.Container) {
			t.Helper()
			content, err := c.ReadFile(t.Context(), "config.json")
			require.NoError(t, err)
			assert.Equal(t, "[]\n", string(content))
			_, err = c.ReadFile(t.Context(), "../etc/passwd")
			require.ErrorIs(t, err, fs.ErrInvalid)
		}},
		"no file": {answer{3, "", nil}, func(t *testing.T, c acceptance.Container) {
			t.Helper()
			_, err := c.ReadFile(t.Context(), "config.json")
			require.ErrorIs(t, err, fs.ErrNotExist)
		}},
		"a directory": {answer{4, "", nil}, func(t *testing.T, c acceptance.Container) {
			t.Helper()
			_, err := c.ReadFile(t.Context(), "config.json")
			require.ErrorContains(t, err, "read /srv/service-discovery/config.json: it is no regular file")
		}},
		"a file without end": {answer{0, strings.Repeat("x", 4<<20+1), nil}, func(t *testing.T, c acceptance.Container) {
			t.Helper()
			_, err := c.ReadFile(t.Context(), "config.json")
			require.ErrorContains(t, err, "more than 4 MiB")
		}},
		"an exit code": {answer{0, "time=x level=warning msg=\"resorting to SIGKILL\"\n137\n", nil}, func(t *testing.T, c acceptance.Container) {
			t.Helper()
			code, err := c.Stop(t.Context())
			require.NoError(t, err)
			assert.Equal(t, 137, code)
		}},
		"no exit code": {answer{0, "what?", nil}, func(t *testing.T, c acceptance.Container) {
			t.Helper()
			_, err := c.Stop(t.Context())
			require.ErrorContains(t, err, "stop the container")
		}},
		"output": {answer{0, "one\ntwo\n", nil}, func(t *testing.T, c acceptance.Container) {
			t.Helper()
			log, err := c.Log(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "one\ntwo", log)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, m := newHost(t, nil)
			container, err := host.Start(t.Context(), acceptance.ContainerSpec{Image: "localhost/a"})
			require.NoError(t, err)
			m.answers = map[string]answer{"": c.answer}
			c.check(t, container)
		})
	}
}

func TestHostNeedsAMachine(t *testing.T) {
	t.Parallel()
	_, err := containerhost.New(containerhost.Config{})
	require.ErrorContains(t, err, "StartMachine is missing")
}
