package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/cloudtest"
)

// live returns a cloud with an installation that runs: a pool of three members
// and its group. The state lists both.
func live(t *testing.T) (cloud *cloudtest.Cloud, group, state string) {
	t.Helper()
	cloud = cloudtest.New(t, 3)
	cloud.Rename(t, "exopool-members")
	group, err := cloud.Do(t.Context(), http.MethodPost, "/v2/security-group", object{"name": "exopool-members"})
	require.NoError(t, err)
	return cloud, group, stateOf(9, cloud.Pool, group)
}

func stateOf(serial int, pool, group string) string {
	return fmt.Sprintf(`{"version":4,"lineage":"l","serial":%d,"resources":[
		{"type":"exoscale_instance_pool","instances":[{"attributes":{"id":%q,"name":"exopool-members","zone":"at-vie-1"}}]},
		{"type":"exoscale_security_group","instances":[{"attributes":{"id":%q,"name":"exopool-members"}}]}]}`, serial, pool, group)
}

// folder writes files into a new folder and returns the path of the first.
func folder(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(files[i+1]), 0o600))
	}
	return filepath.Join(dir, files[0])
}

func TestLiveInstallationIsNotDeletedByMistake(t *testing.T) {
	t.Parallel()
	cloud, group, state := live(t)
	old := stateOf(8, "00000000-0000-4000-8000-000000000000", group)
	alone := fmt.Sprintf(`{"version":4,"lineage":"l","serial":8,"resources":[
		{"type":"exoscale_security_group","instances":[{"attributes":{"id":%q,"name":"exopool-members"}}]}]}`, group)
	tests := []struct{ name, path, why string }{
		{"an empty file", folder(t, "terraform.tfstate", ""), "it lists no resource of this cloud"},
		{"an empty state", folder(t, "terraform.tfstate", `{"version":4,"resources":[]}`), "add -all"},
		{"of before the pool was made anew", folder(t, "terraform.tfstate", old), "out of date"},
		{"a backup", folder(t, "terraform.tfstate.backup", alone, "terraform.tfstate", state), "it is older than"},
		{"beside a note of another backend", folder(t, "terraform.tfstate", alone, ".terraform/terraform.tfstate", `{"version":3,"backend":{"type":"s3"}}`), `a backend of type "s3"`},
		{"the note of the backend itself", folder(t, "terraform.tfstate", `{"version":3,"backend":{"type":"s3"}}`), "a note of where Terraform keeps it"},
	}
	for _, test := range tests {
		r := sweepIn(t, cloud, "", "-state", test.path, "-delete")
		assert.Len(t, cloud.Pools(), 1, test.name)
		assert.Len(t, groups(t, cloud), 2, test.name)
		assert.Contains(t, r.stderr, test.why, test.name)
		assert.Equal(t, 1, r.code, test.name)
	}
	assert.Equal(t, 3, cloud.Size())

	r := sweepIn(t, cloud, "", "-state", folder(t, "terraform.tfstate", ""), "-delete", "-all")
	assert.Zero(t, r.code, r.stderr)
	assert.Empty(t, cloud.Pools(), "but if it is meant")
}

func TestWhatIsRunningIsListedFirst(t *testing.T) {
	t.Parallel()
	cloud, _, _ := live(t)
	r := sweepIn(t, cloud, "")
	assert.Equal(t, exitLeft, r.code)
	assert.Equal(t, `Left and costing money, 1 of 2:
  instance pool exopool-members (running, members: 3)
The rest:
  security group exopool-members
Nothing was deleted. To delete everything above, add -delete.
`, r.stdout)
}

func TestLocalBackendIsCurrent(t *testing.T) {
	t.Parallel()
	cloud, group, state := live(t)
	other, err := cloud.Do(t.Context(), http.MethodPost, "/v2/security-group", object{"name": "exopool-monitoring"})
	require.NoError(t, err)
	path := folder(t, "terraform.tfstate", state, ".terraform/terraform.tfstate", `{"version":3,"backend":{"type":"local"}}`,
		"terraform.tfstate.backup", stateOf(8, cloud.Pool, group))
	r := sweepIn(t, cloud, "", "-state", path, "-delete")
	assert.Zero(t, r.code, r.stderr)
	assert.NotEmpty(t, other)
	assert.Equal(t, []string{"default", "exopool-members"}, groups(t, cloud))
}

func TestTerminalIsAskedFirst(t *testing.T) {
	t.Parallel()
	cloud, state := leavings(t)
	args := []string{"-state", folder(t, "terraform.tfstate", state), "-delete"}
	onTerminal := map[string]string{terminal: "1"}
	for _, answer := range []string{"y\n", "no\n", "\n", "", "yes", "YES\n", "yes, do\n"} {
		r := sweepAs(t, cloud, onTerminal, answer, args...)
		assert.Contains(t, r.stderr, "Delete these 1 resources for good?")
		assert.Equal(t, exitLeft, r.code, "%q: %s", answer, r.stderr)
		assert.Contains(t, r.stdout, "Nothing was deleted.")
		assert.Len(t, groups(t, cloud), 3, "%q", answer)
	}
	r := sweepAs(t, cloud, onTerminal, " yes \n", args...)
	assert.Zero(t, r.code, r.stderr)
	assert.Len(t, groups(t, cloud), 2)

	_, err := cloud.Do(t.Context(), http.MethodPost, "/v2/security-group", object{"name": "exopool-monitoring"})
	require.NoError(t, err)
	r = sweepAs(t, cloud, onTerminal, "", append(args, "-yes")...)
	assert.Zero(t, r.code, r.stderr)
	assert.NotContains(t, r.stderr, "for good?")
	assert.Len(t, groups(t, cloud), 2)
}

func TestQuestionEndsWithTheProgram(t *testing.T) {
	t.Parallel()
	cloud, state := leavings(t)
	in, keyboard := io.Pipe() // without input
	defer keyboard.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var stdout strings.Builder
	p := program{stdin: in, stdout: &stdout, stderr: asked(cancel), terminal: true}
	args := []string{"-name", "exopool", "-state", folder(t, "terraform.tfstate", state), "-delete"}
	assert.Equal(t, exitLeft, p.run(ctx, args, cloudtest.Getenv(cloud.Env(nil))))
	assert.Contains(t, stdout.String(), "Nothing was deleted.")
	assert.Len(t, groups(t, cloud), 3)
}

// asked is where the program writes; it is called when that is the question.
type asked func()

func (f asked) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "for good?") {
		f()
	}
	return len(p), nil
}
