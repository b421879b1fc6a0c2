package test_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/semver"

	"github.com/exopool/exopool/internal/providers"
)

// A module is an initialized copy of the folder terraform.
type module struct {
	dir     string
	program string
	environ []string
}

// oldestWithMocks is the first version of Terraform that runs the module's tests.
const oldestWithMocks = "v1.9.0"

// newModule returns one whose tests can run. It skips the test where Terraform is
// too old for that.
func newModule(t *testing.T) module {
	t.Helper()
	m := openModule(t)
	var version struct {
		Version string `json:"terraform_version"`
	}
	require.NoError(t, json.Unmarshal(m.run(t, "version", "-json"), &version))
	if semver.Compare("v"+version.Version, oldestWithMocks) < 0 {
		t.Skipf("Terraform %s cannot mock a cloud: the module's tests need %s", version.Version, oldestWithMocks)
	}
	return m
}

// openModule skips the test where there is no Terraform.
func openModule(t *testing.T) module {
	t.Helper()
	program, err := providers.Terraform(t.Context())
	if errors.Is(err, providers.ErrNoTerraform) {
		t.Skip(err)
	}
	require.NoError(t, err)
	mirror, err := providers.Install(t.Context(), providers.Config{Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	require.NoError(t, err)

	m := module{dir: t.TempDir(), program: program}
	require.NoError(t, providers.CopyModule(m.dir, "../terraform"))
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TF_") {
			m.environ = append(m.environ, variable)
		}
	}
	for name, value := range mirror.Environment() {
		m.environ = append(m.environ, name+"="+value)
	}
	m.run(t, "init", "-backend=false", "-input=false")
	return m
}

// run runs Terraform in the copy and returns its standard output.
func (m module) run(t *testing.T, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), m.program, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = m.dir, m.environ, &stdout, &stderr
	require.NoError(t, cmd.Run(), "terraform %s:\n%s%s", strings.Join(args, " "), &stdout, &stderr)
	return stdout.Bytes()
}

func TestTerraformModule(t *testing.T) {
	t.Parallel()
	m := newModule(t)

	t.Run("is formatted", func(t *testing.T) {
		m.run(t, "fmt", "-check", "-recursive", "-diff")
	})
	t.Run("is valid", func(t *testing.T) {
		m.run(t, "validate", "-no-color")
	})
	t.Run("passes its own tests", func(t *testing.T) {
		m.run(t, "test", "-no-color")
	})
	for _, example := range []string{"own-application", "existing-ssh-key"} {
		t.Run("has a valid example "+example, func(t *testing.T) {
			in := m
			in.dir = filepath.Join(m.dir, "examples", example)
			in.run(t, "init", "-backend=false", "-input=false")
			in.run(t, "validate", "-no-color")
		})
	}
	t.Run("sends valid user-data", func(t *testing.T) {
		for name, text := range m.userData(t) {
			t.Run(name, func(t *testing.T) { judgeUserData(t, text) })
		}
	})
}

// A mocked resource is what Terraform made of one in a mocked cloud.
type mockedResource struct {
	Address string
	Values  struct {
		UserData string `json:"user_data"`
		Policy   struct {
			Services map[string]struct{ Rules []rule }
		}
	}
}

// states runs a file of tests and returns what each run made, by its name.
func (m module) states(t *testing.T, file string) map[string][]mockedResource {
	t.Helper()
	type message struct {
		Run   string `json:"@testrun"`
		State struct {
			Root struct{ Resources []mockedResource } `json:"root_module"`
		} `json:"test_state"`
	}
	made := make(map[string][]mockedResource)
	output := json.NewDecoder(bytes.NewReader(m.run(t, "test", "-json", "-verbose", "-filter="+file)))
	for {
		var msg message
		err := output.Decode(&msg)
		if errors.Is(err, io.EOF) {
			return made
		}
		require.NoError(t, err)
		if resources := msg.State.Root.Resources; len(resources) > 0 {
			made[msg.Run] = resources
		}
	}
}

// userData returns what each machine gets, unpacked, by the name of the run
// that made it and of the machine.
func (m module) userData(t *testing.T) map[string][]byte {
	t.Helper()
	found := make(map[string][]byte)
	for run, resources := range m.states(t, "tests/userdata.tftest.hcl") {
		for _, resource := range resources {
			if packed := resource.Values.UserData; packed != "" {
				assert.Less(t, len(packed), 32768, "the limit of the API")
				found[run+" "+resource.Address] = unpack(t, packed)
			}
		}
	}
	require.Len(t, found, 8, "four runs with two kinds of machines")
	return found
}

// unpack undoes Terraform's function base64gzip.
func unpack(t *testing.T, packed string) []byte {
	t.Helper()
	zipped, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(packed)))
	require.NoError(t, err)
	text, err := io.ReadAll(zipped)
	require.NoError(t, err)
	return text
}
