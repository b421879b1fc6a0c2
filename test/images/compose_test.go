package images_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// A service is one of compose.yaml.
type service struct {
	Image       string
	NetworkMode string   `yaml:"network_mode"`
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	SecurityOpt []string `yaml:"security_opt"`
	Restart     string
	Command     []string
	Environment assignments
	Volumes     []string
}

// assignments are a list of NAME=VALUE.
type assignments map[string]string

func (a *assignments) UnmarshalYAML(value *yaml.Node) error {
	var list []string
	if err := value.Decode(&list); err != nil {
		return err
	}
	*a = assignments{}
	for _, assignment := range list {
		name, text, _ := strings.Cut(assignment, "=")
		(*a)[name] = text
	}
	return nil
}

func services(t *testing.T) map[string]service {
	t.Helper()
	var file struct{ Services map[string]service }
	require.NoError(t, yaml.Unmarshal(read(t, "compose.yaml"), &file))
	return file.Services
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return content
}

// unit returns what comes after a prefix in the lines of a drop-in of the monitoring
// machine.
func unit(t *testing.T, name, pattern string) (found []string) {
	t.Helper()
	text := read(t, filepath.Join("terraform/files/monitoring/etc/systemd/system", name))
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		found = append(found, match[1])
	}
	require.NotEmpty(t, found)
	return found
}

func TestComposeIsHardened(t *testing.T) {
	t.Parallel()
	all := services(t)
	assert.Len(t, all, 5)
	for name, s := range all {
		assert.Equal(t, "host", s.NetworkMode, name)
		assert.True(t, s.ReadOnly, name)
		assert.Equal(t, []string{"ALL"}, s.CapDrop, name)
		assert.Equal(t, []string{"no-new-privileges:true"}, s.SecurityOpt, name)
		assert.Equal(t, "unless-stopped", s.Restart, name)
		for _, volume := range s.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			if strings.HasPrefix(from, ".") {
				assert.DirExists(t, filepath.Join(root, from))
				assert.True(t, strings.HasSuffix(volume, ":ro"), volume)
			}
		}
	}
	assert.Equal(t, "127.0.0.1", all["autoscaler"].Environment["LISTEN_ADDRESS"])
	assert.Equal(t, "127.0.0.1:8091", all["discovery"].Environment["DISCOVERY_LISTEN"])
	assert.Equal(t, "127.0.0.1", all["grafana"].Environment["GF_SERVER_HTTP_ADDR"])
	assert.Contains(t, all["prometheus"].Command, "--web.listen-address=127.0.0.1:9090")
}

// TestComposeRunsWhatTheMonitoringMachineRuns: flags of Prometheus and variables of
// Grafana are the same, but for paths and addresses.
func TestComposeRunsWhatTheMonitoringMachineRuns(t *testing.T) {
	t.Parallel()
	all := services(t)
	have := all["prometheus"].Command
	for _, flag := range unit(t, "prometheus.service.d/exopool.conf", `(?m)^  (--\S+)`) {
		if strings.HasPrefix(flag, "--storage.tsdb.path=") {
			flag = "--storage.tsdb.path=/prometheus"
		}
		assert.Contains(t, have, flag)
		have = slices.DeleteFunc(slices.Clone(have), func(f string) bool { return f == flag })
	}
	assert.Equal(t, []string{"--web.listen-address=127.0.0.1:9090"}, have)

	rest := all["grafana"].Environment
	for _, assignment := range unit(t, "grafana-server.service.d/exopool.conf", `(?m)^Environment=(\S+)$`) {
		name, value, _ := strings.Cut(assignment, "=")
		assert.Equal(t, value, rest[name], name)
		delete(rest, name)
	}
	assert.Len(t, rest, 3)
	assert.Contains(t, rest, "GF_SECURITY_ADMIN_PASSWORD")
	assert.Contains(t, rest, "WEBHOOK_TOKEN")
}

// TestEnvironmentFilesAreComplete: each sets what compose.yaml requires, and nothing
// that it does not read: podman-compose has no defaults for a variable that becomes one
// of the same name. The account's is to be filled in.
func TestEnvironmentFilesAreComplete(t *testing.T) {
	t.Parallel()
	compose := string(read(t, "compose.yaml"))
	for _, name := range []string{"account", "fakecloud"} {
		set := map[string]string{}
		for line := range strings.Lines(string(read(t, "examples/compose/"+name+".env"))) {
			if variable, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
				set[variable] = value
				assert.Contains(t, compose, "${"+variable, name)
			}
		}
		for _, match := range regexp.MustCompile(`\$\{([A-Z_]+)(:\?|\})`).FindAllStringSubmatch(compose, -1) {
			value, ok := set[match[1]]
			assert.True(t, ok, "%s sets no %s", name, match[1])
			assert.True(t, name == "account" || value != "" || match[2] == "}", match[1])
		}
	}
}
