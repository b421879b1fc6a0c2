package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/cloudtest"
)

type object = map[string]any

// A result is what a run of the program returned and wrote.
type result struct {
	code           int
	stdout, stderr string
}

// terminal is a change of the environment that makes it one.
const terminal = "TERMINAL"

func sweepIn(t *testing.T, cloud *cloudtest.Cloud, stdin string, args ...string) result {
	t.Helper()
	return sweepAs(t, cloud, nil, stdin, args...)
}

// sweepAs runs the program with changes of its environment.
func sweepAs(t *testing.T, cloud *cloudtest.Cloud, changes map[string]string, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := program{stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr, terminal: changes[terminal] != ""}
	args = append([]string{"-name", "exopool", "-poll", "10ms"}, args...)
	code := p.run(context.Background(), args, cloudtest.Getenv(cloud.Env(changes)))
	assert.NotContains(t, stdout.String()+stderr.String(), cloud.Secret)
	return result{code, stdout.String(), stderr.String()}
}

// leavings returns a cloud in which Terraform knows one group and has lost
// another one, with the state that says so.
func leavings(t *testing.T) (cloud *cloudtest.Cloud, state string) {
	t.Helper()
	cloud = cloudtest.New(t, 1)
	known, err := cloud.Do(t.Context(), http.MethodPost, "/v2/security-group", object{"name": "exopool-members"})
	require.NoError(t, err)
	_, err = cloud.Do(t.Context(), http.MethodPost, "/v2/security-group", object{"name": "exopool-monitoring"})
	require.NoError(t, err)
	state = `{"version":4,"resources":[{"type":"exoscale_security_group","instances":[{"attributes":{"id":"` + known + `"}}]}]}`
	return cloud, state
}

func groups(t *testing.T, cloud *cloudtest.Cloud) []string {
	t.Helper()
	var list struct {
		Groups []struct{ Name string } `json:"security-groups"`
	}
	require.NoError(t, cloud.Call(t.Context(), http.MethodGet, "/v2/security-group", nil, &list))
	var names []string
	for _, g := range list.Groups {
		names = append(names, g.Name)
	}
	return names
}

func TestListIsAllThatHappensWithoutDelete(t *testing.T) {
	t.Parallel()
	cloud, state := leavings(t)
	path := filepath.Join(t.TempDir(), "terraform.tfstate")
	require.NoError(t, os.WriteFile(path, []byte(state), 0o600))
	r := sweepIn(t, cloud, "", "-state", path)
	assert.Equal(t, exitLeft, r.code, r.stderr)
	assert.Equal(t, "  security group exopool-monitoring\nNothing was deleted. To delete everything above, add -delete.\n", r.stdout)
	assert.Contains(t, r.stderr, "keeping what "+path+" lists (1 resources)")
	assert.Equal(t, []string{"default", "exopool-members", "exopool-monitoring"}, groups(t, cloud))
}

func TestDeleteKeepsWhatTheStateKnows(t *testing.T) {
	t.Parallel()
	cloud, state := leavings(t)
	r := sweepIn(t, cloud, state, "-state", "-", "-delete")
	assert.Zero(t, r.code, r.stderr)
	assert.Contains(t, r.stdout, "Nothing is left.")
	assert.Contains(t, r.stderr, "deleting security group exopool-monitoring")
	assert.Equal(t, []string{"default", "exopool-members"}, groups(t, cloud))
	assert.Len(t, cloud.Pools(), 1, "a pool of another name")

	again := sweepIn(t, cloud, state, "-state", "-", "-delete")
	assert.Equal(t, "Nothing is left.\n", again.stdout)
	assert.Zero(t, again.code)
}

func TestDeleteWithoutStateMustBeMeant(t *testing.T) {
	t.Parallel()
	cloud, _ := leavings(t)
	r := sweepIn(t, cloud, "", "-delete")
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.stderr, "-all")
	r = sweepIn(t, cloud, "", "-delete", "-all")
	assert.Zero(t, r.code, r.stderr)
	assert.Equal(t, []string{"default"}, groups(t, cloud))
}

func TestStateOfAnotherAccountStopsDeletion(t *testing.T) {
	t.Parallel()
	cloud, _ := leavings(t)
	state := `{"version":4,"resources":[{"type":"exoscale_nlb","instances":[{"attributes":{"id":"elsewhere"}}]}]}`
	assert.Equal(t, exitLeft, sweepIn(t, cloud, state, "-state", "-").code)
	r := sweepIn(t, cloud, state, "-state", "-", "-delete")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "another account")
	assert.Len(t, groups(t, cloud), 3)
	assert.Zero(t, sweepIn(t, cloud, state, "-state", "-", "-delete", "-all").code)
}

func TestStateThatCannotBeReadStopsEverything(t *testing.T) {
	t.Parallel()
	cloud, _ := leavings(t)
	r := sweepIn(t, cloud, "", "-state", filepath.Join(t.TempDir(), "terraform.tfstate"), "-delete")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "no such file")
	r = sweepIn(t, cloud, "hush", "-state", "-", "-delete")
	assert.Equal(t, 1, r.code)
	assert.NotContains(t, r.stderr, "hush")
	r = sweepIn(t, cloud, "", "-state", "-", "-delete")
	assert.Equal(t, 1, r.code, "a command that failed has written nothing into the pipe")
	assert.Contains(t, r.stderr, "standard input is empty")
	assert.Len(t, groups(t, cloud), 3)
}

func TestKindsThatCannotBeListedFailAtTheEnd(t *testing.T) {
	t.Parallel()
	cloud, state := leavings(t)
	role, err := cloud.Do(t.Context(), http.MethodPost, "/v2/iam-role", object{"name": "no-iam", "policy": object{
		"default-service-strategy": "allow", "services": object{"iam": object{"type": "deny"}},
	}})
	require.NoError(t, err)
	var key struct{ Key, Secret string }
	require.NoError(t, cloud.Call(t.Context(), http.MethodPost, "/v2/api-key", object{"name": "no-iam", "role-id": role}, &key))
	r := sweepAs(t, cloud, map[string]string{"EXOSCALE_KEY": key.Key, "EXOSCALE_SECRET": key.Secret}, state, "-state", "-", "-delete")
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.stderr, "list every API key: ")
	assert.Equal(t, []string{"default", "exopool-members"}, groups(t, cloud), "the rest was deleted")
}

func TestHelpListsTheExitCodes(t *testing.T) {
	t.Parallel()
	cloud := cloudtest.New(t, 1)
	r := sweepIn(t, cloud, "", "-h")
	assert.Zero(t, r.code)
	assert.Contains(t, r.stdout, "3 when something is left")
}
