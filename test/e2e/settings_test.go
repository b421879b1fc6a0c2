package e2e_test

import (
	"compress/gzip"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The autoscaler owns the size, so a change of its bounds must fit any size, and
// comes true with its turns. The API refuses a lower bound above the size.
func TestBoundsChangeInOneApply(t *testing.T) {
	t.Parallel()
	tools := open(t)
	c := newCloud(t, fastSpeed, false)
	before := c.inventory(t)
	i := newInstallation(t, tools, c)
	i.options.Vars["minimum"], i.options.Vars["maximum"] = 1, 2
	terraform.Apply(t, i.options)
	size := func() int { return c.Pools()[0].Size }
	resize := func(n int) {
		_, err := c.Do(t.Context(), http.MethodPut, "/v2/instance-pool/"+c.Pools()[0].ID+":scale", object{"size": n})
		require.NoError(t, err)
	}

	for _, change := range []struct {
		what             string
		minimum, maximum int
		resized          int // by the autoscaler, before the apply; 0 if it is not
		want             int
	}{
		{"a minimum above the size", 3, 4, 0, 1},
		{"both above the maximum of before", 6, 8, 2, 2},
		{"both below the size", 1, 2, 6, 6},
	} {
		if change.resized != 0 {
			resize(change.resized)
		}
		i.options.Vars["minimum"], i.options.Vars["maximum"] = change.minimum, change.maximum
		_, err := terraform.ApplyE(t, i.options)
		require.NoError(t, err, change.what)
		assert.Equal(t, change.want, size(), "%s: the size is the autoscaler's", change.what)
		i.unchanged(t)
	}
	resize(1) // which nothing forbids
	i.unchanged(t)
	i.destroy(t, c, before)
}

// An update of an instance takes its labels away if it does not repeat them, and
// the provider, 0.69.3, does not.
func TestOneApplyIsEnoughForChangedSettings(t *testing.T) {
	t.Parallel()
	tools := open(t)
	c := newCloud(t, fastSpeed, false)
	before := c.inventory(t)
	i := newInstallation(t, tools, c)
	terraform.Apply(t, i.options)
	for name, value := range map[string]any{
		"member_type":       "standard.small", // whose price the monitoring machine knows
		"cpu_high":          75,
		"application_image": "docker.io/library/nginx:1.29",
		"labels":            map[string]any{"team": "shop"},
		"health_path":       "/",
	} {
		i.options.Vars[name] = value
		terraform.Apply(t, i.options)
		t.Log(name)
		i.unchanged(t)
	}
	i.destroy(t, c, before)
}

// Changes of user-data are ignored, but not for a new machine.
func TestNewReleaseMakesANewMachine(t *testing.T) {
	t.Parallel()
	tools := open(t)
	c := newCloud(t, fastSpeed, false)
	before := c.inventory(t)
	i := newInstallation(t, tools, c)
	i.options.Vars["provision"] = true
	i.options.Vars["release_url"] = "https://example.com/exopool.tar.gz"
	machine := func(sha256 string) (id, userData string) {
		i.options.Vars["release_sha256"] = sha256
		terraform.Apply(t, i.options)
		i.unchanged(t)
		for _, instance := range c.Instances() {
			if instance.PoolID == "" {
				id = instance.ID
			}
		}
		var view struct {
			UserData string `json:"user-data"`
		}
		require.NoError(t, c.Call(t.Context(), http.MethodGet, "/v2/instance/"+id, nil, &view))
		zipped, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(view.UserData)))
		require.NoError(t, err)
		text, err := io.ReadAll(zipped)
		require.NoError(t, err)
		return id, string(text)
	}
	one, another := strings.Repeat("1", 64), strings.Repeat("2", 64)
	id, text := machine(one)
	assert.Contains(t, text, one)
	next, text := machine(another)
	assert.NotEqual(t, id, next)
	assert.Contains(t, text, another)
	i.destroy(t, c, before)
}
