package e2e_test

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gruntwork-io/terratest/modules/logger"
	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/programtest"
)

// goProxy is where a machine gets Go and modules from.
const goProxy = "proxy.golang.org"

// TestApplyWithoutGoOnMachinesThatBoot applies the folder alone where Terraform is
// all there is, as in a container, and then where there is Go.
func TestApplyWithoutGoOnMachinesThatBoot(t *testing.T) {
	tools := open(t)
	network := bootingNetwork{prefix: "exopoolsrc", addresses: "198.19.16.0/20"}
	network.config(t, slog.New(slog.DiscardHandler)) // skips
	modules := reachedModules(t)
	t.Parallel() // the other test on machines waits most of the time

	packages, variables := grafanaSource(t), map[string]any{}
	if packages != nil {
		variables["grafana_major"] = grafanaMajor
	}
	hosts := packages.hosts()
	hosts[goProxy] = modules
	c, said := newBootingCloud(t, network, 1, hosts)
	key, secret := c.Credential()
	i := prepare(t, tools, key, secret, c.environ, variables)
	if packages != nil {
		packages.trust(t, i)
	}
	before := c.inventory(t)
	defer func() { i.destroy(t, c, before) }()
	voice := &programtest.Output{}
	i.options.Logger = logger.New(terraformVoice{voice})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Terraform:\n%s\nlog of the cloud:\n%s", voice, said)
		}
	})
	// apply returns what Terraform says, and how long it takes.
	apply := func(what string) string {
		start, from := time.Now(), len(voice.String())
		_, err := terraform.ApplyE(t, i.options)
		require.NoError(t, err)
		t.Logf("%s: %s", what, time.Since(start).Round(100*time.Millisecond))
		return voice.String()[from:]
	}
	const builds = "building them on this machine"

	i.options.EnvVars["PATH"] = pathOf(t, "sh", "mkdir", "rm")
	first := apply("apply without Go")
	for line := range strings.Lines(first) {
		if strings.Contains(line, "build, ") {
			t.Log(strings.TrimSpace(line))
		}
	}
	assert.Contains(t, first, "no Go here")
	assert.Contains(t, first, builds)
	assert.Contains(t, first, "autoscaler.service answers")
	i.unchanged(t)

	i.options.Vars["cpu_high"] = 75
	second := apply("a changed setting, without Go")
	assert.Contains(t, second, "autoscaler.service answers")
	assert.NotContains(t, second, builds, "the source has not changed")

	i.options.EnvVars["PATH"] = os.Getenv("PATH")
	i.options.Vars["cpu_high"] = 70
	third := apply("a changed setting, with Go")
	assert.Contains(t, third, "built the programs here")
	assert.Contains(t, third, "autoscaler.service answers")
	assert.NotContains(t, third, builds)
	i.unchanged(t)
}

// reachedModules passes requests on to the proxy of modules, which this host may
// trust for other reasons than machines do. It skips the test where the proxy
// does not answer.
func reachedModules(t *testing.T) http.Handler {
	t.Helper()
	target := &url.URL{Scheme: "https", Host: goProxy}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target.JoinPath("golang.org/toolchain/@v/list").String(), http.NoBody)
	require.NoError(t, err)
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		t.Skipf("machines cannot download Go here: %v", err)
	}
	require.NoError(t, resp.Body.Close())
	if resp.StatusCode != http.StatusOK {
		t.Skipf("machines cannot download Go here: %s answers %s", goProxy, resp.Status)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
}

// pathOf returns a PATH with these programs only.
func pathOf(t *testing.T, programs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range programs {
		path, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(dir, name)))
	}
	return dir
}
