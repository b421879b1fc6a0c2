package test_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
)

// An installation is the module for a cloud whose machines exist on paper.
type installation struct {
	module
	cloud *exoapi.Cloud
}

// newInstallation starts an empty cloud; nothing is applied to it yet.
func newInstallation(t *testing.T) installation {
	t.Helper()
	i := installation{module: openModule(t)}
	cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{Speed: 100})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cloud.Close()) })
	i.cloud = cloud.API()
	i.environ = slices.DeleteFunc(i.environ, func(variable string) bool {
		return strings.HasPrefix(variable, "EXOSCALE_") || strings.Contains(strings.ToUpper(variable), "_PROXY=")
	})
	i.environ = append(i.environ, "HTTPS_PROXY="+cloud.Connection().URL, "SSL_CERT_FILE="+cloud.Connection().CertFile,
		"TF_VAR_provision=false", "TF_VAR_minimum=2")
	i.useKey(i.cloud.Credential())
	return i
}

// useKey gives Terraform another API key.
func (i *installation) useKey(key, secret string) {
	i.environ = append(i.environ, "TF_VAR_exoscale_key="+key, "TF_VAR_exoscale_secret="+secret)
}

var outdatedWarning = regexp.MustCompile(`Warning: Check block assertion failed .*?Outdated members: (\d+)\. .*? has their names\. ([^.]*)`)

// warning runs Terraform and returns how many outdated members it warns of, and
// what it says to do. Both are empty where it does not warn.
func (i installation) warning(t *testing.T, args ...string) (count, remedy string) {
	t.Helper()
	said := string(i.run(t, append(args, "-input=false", "-no-color")...))
	if found := outdatedWarning.FindStringSubmatch(strings.Join(strings.Fields(said), " ")); found != nil {
		return found[1], found[2]
	}
	assert.NotContains(t, said, "Check block")
	assert.NotContains(t, said, "Outdated")
	return "", ""
}

// warned returns the number only.
func (i installation) warned(t *testing.T, args ...string) string {
	t.Helper()
	count, _ := i.warning(t, args...)
	return count
}

// outdated returns the output.
func (i installation) outdated(t *testing.T) (names []string) {
	t.Helper()
	require.NoError(t, json.Unmarshal(i.run(t, "output", "-json", "outdated_members"), &names))
	return names
}

// members returns the names of the pool's members, sorted.
func (i installation) members() (names []string) {
	for _, instance := range i.cloud.Instances() {
		if instance.PoolID != "" {
			names = append(names, instance.Name)
		}
	}
	slices.Sort(names)
	return names
}

// replace replaces a number of the oldest members.
func (i installation) replace(t *testing.T, count int) {
	t.Helper()
	pool := i.cloud.Pools()[0]
	path := "/v2/instance-pool/" + pool.ID
	_, err := i.cloud.Do(t.Context(), http.MethodPut, path+":scale", map[string]any{"size": pool.Size + count})
	require.NoError(t, err)
	_, err = i.cloud.Do(t.Context(), http.MethodPut, path+":evict", map[string]any{"instances": pool.Members[:count]})
	require.NoError(t, err)
}

func TestAnApplyThatLeavesOutdatedMembersSaysSo(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	const image, size = "-var=application_image=nginx:1.29", "-var=member_type=standard.small"

	assert.Empty(t, i.warned(t, "apply", "-auto-approve"), "the first one")
	assert.Empty(t, i.outdated(t))
	assert.Empty(t, i.warned(t, "plan", "-detailed-exitcode"), "which fails if it finds changes")

	assert.Equal(t, "2", i.warned(t, "plan", image), "before it is too late")
	assert.Equal(t, "2", i.warned(t, "apply", "-auto-approve", image))
	assert.Equal(t, i.members(), i.outdated(t))
	assert.Equal(t, "2", i.warned(t, "plan", image, "-detailed-exitcode"), "it goes on to say so, and changes nothing")

	i.replace(t, 1)
	count, remedy := i.warning(t, "plan", image)
	assert.Equal(t, "1", count)
	assert.Equal(t, "To have them replaced one by one, set rolling_change = true", remedy)
	count, remedy = i.warning(t, "plan", image, "-var=rolling_change=true")
	assert.Equal(t, "1", count)
	assert.Equal(t, "The autoscaler replaces them one by one; terraform plan shows who is left", remedy)
	i.replace(t, 1)
	assert.Empty(t, i.warned(t, "apply", "-auto-approve", image))
	assert.Empty(t, i.outdated(t))

	assert.Equal(t, "2", i.warned(t, "apply", "-auto-approve", image, size))
	assert.Equal(t, i.members(), i.outdated(t))
	assert.Empty(t, i.warned(t, "destroy", "-auto-approve", image, size), "they do not matter any more")
}

func TestAKeyThatMayNotListInstancesIsTold(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	role, err := i.cloud.Do(t.Context(), http.MethodPost, "/v2/iam-role", map[string]any{"name": "cautious", "policy": map[string]any{
		"default-service-strategy": "allow",
		"services": map[string]any{"compute": map[string]any{"type": "rules", "rules": []any{
			map[string]any{"action": "deny", "expression": "operation == 'list-instances'"},
			map[string]any{"action": "allow", "expression": "true"},
		}}},
	}})
	require.NoError(t, err)
	var key struct{ Key, Secret string }
	require.NoError(t, i.cloud.Call(t.Context(), http.MethodPost, "/v2/api-key", map[string]any{"name": "cautious", "role-id": role}, &key))
	i.useKey(key.Key, key.Secret)

	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), i.program, "plan", "-input=false", "-no-color")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = i.dir, i.environ, &said, &said
	require.Error(t, cmd.Run())
	assert.Contains(t, said.String(), "Forbidden? This key may not list instances: set report_outdated = false.")
	assert.Empty(t, i.warned(t, "plan", "-var=report_outdated=false"))
}

// machineKey returns the key that the module made for the monitoring machine.
func (i installation) machineKey(t *testing.T) (key, secret string) {
	t.Helper()
	var state struct {
		Values struct {
			Root struct {
				Resources []struct {
					Type   string
					Values struct{ Key, Secret string }
				}
			} `json:"root_module"`
		}
	}
	require.NoError(t, json.Unmarshal(i.run(t, "show", "-json"), &state))
	for _, r := range state.Values.Root.Resources {
		if r.Type == "exoscale_iam_api_key" {
			return r.Values.Key, r.Values.Secret
		}
	}
	require.Fail(t, "the module made no key")
	return "", ""
}

// autoscale runs an autoscaler for the pool until the test ends.
func (i installation) autoscale(t *testing.T) *autoscale.Loop {
	t.Helper()
	key, secret := i.machineKey(t)
	client, err := exoscale.New(exoscale.Config{
		Key: key, Secret: secret, Zone: zone, Transport: i.cloud.Transport(), PollInterval: 50 * time.Millisecond,
	})
	require.NoError(t, err)
	loop, err := autoscale.New(autoscale.Config{
		Pool: client.Pool(i.cloud.Pools()[0].ID), Min: 2, Max: 2, Interval: 2 * time.Second, // for slow hosts
		RollingChange: true, StateDir: t.TempDir(),
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- loop.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-ended)
	})
	return loop
}

// The autoscaler calls the same members outdated as the module, and replaces them
// with the key that the module gave it, which allows no more than one beyond the
// maximum.
func TestARollingChangeReplacesWhatAnApplyNames(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	i.environ = append(i.environ, "TF_VAR_rolling_change=true", "TF_VAR_maximum=2", "TF_VAR_key_maximum=3")
	assert.Empty(t, i.warned(t, "apply", "-auto-approve"))
	loop, before := i.autoscale(t), i.members()
	require.Len(t, before, 2)
	last := func() autoscale.Decision {
		decisions := loop.Decisions()
		if len(decisions) == 0 {
			return autoscale.Decision{}
		}
		return decisions[len(decisions)-1]
	}
	require.Eventually(t, func() bool { return last().Conditions.Serving == 2 }, 30*time.Second, 100*time.Millisecond)

	const image = "-var=application_image=nginx:1.29" // changes nothing but the user-data
	assert.Equal(t, "2", i.warned(t, "apply", "-auto-approve", image))
	assert.Equal(t, before, i.outdated(t))
	require.Eventually(t, func() bool { return last().Outdated == 0 && len(i.members()) == 2 }, time.Minute, 100*time.Millisecond)
	for _, name := range i.members() {
		assert.NotContains(t, before, name)
	}
	assert.Empty(t, i.warned(t, "apply", "-auto-approve", image))
	assert.Empty(t, i.outdated(t))
}
