package containerhost_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/containerhost"
)

// timeout bounds every wait; one that succeeds is far shorter.
const timeout = 2 * time.Minute

// newRealHost returns a host on a machine that boots.
func newRealHost(t *testing.T) *containerhost.Host {
	t.Helper()
	if os.Getenv("EXOPOOL_NSPAWN") != "1" {
		t.Skip("boots a real machine: set EXOPOOL_NSPAWN=1, as root on Linux")
	}
	cfg := nspawn.Config{
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Prefix: fmt.Sprintf("ech%x", os.Getpid()&0xfffff),
		Range: netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 19, byte(232 + os.Getpid()%24)}), 24), Dir: "/var/tmp",
	}
	for _, r := range nspawn.Examine(t.Context(), cfg) {
		if !r.OK() {
			t.Skipf("machines cannot be booted here: %s: %s; to change that: %s", r.Name, r.Problem, r.Remedy)
		}
	}
	driver, err := nspawn.New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, driver.Close(context.Background())) })
	host, err := containerhost.New(containerhost.Config{StartMachine: driver.StartHelper})
	require.NoError(t, err)
	return host
}

// addApp builds the program of testdata into a folder.
func addApp(t *testing.T, dir string) {
	t.Helper()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "app"), "./testdata/app")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
}

func get(t *testing.T, url string) string {
	t.Helper()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var body []byte
	deadline := time.Now().Add(timeout)
	for {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		require.NoError(t, err)
		resp, err := client.Do(req)
		if err == nil {
			body, err = io.ReadAll(resp.Body)
			require.NoError(t, resp.Body.Close())
		}
		if err == nil {
			return string(body)
		}
		require.True(t, time.Now().Before(deadline), "never: %v", err)
		<-time.After(50 * time.Millisecond)
	}
}

func TestContainersOnAMachineThatBoots(t *testing.T) {
	host := newRealHost(t)
	const port, value = 18080, "two\nlines and 'quotes' $HOME"
	dir := folder(t, map[string]string{
		"Dockerfile":    "FROM scratch\nCOPY . /\nENTRYPOINT [\"/app\"]\n",
		".dockerignore": "secret\n",
		"secret":        "left out",
	})
	addApp(t, dir)
	begin := time.Now()
	image, err := host.Build(t.Context(), dir)
	require.NoError(t, err)
	t.Logf("machine started and image built after %v", time.Since(begin).Round(time.Millisecond))

	start := func(t *testing.T, env map[string]string) acceptance.Container {
		t.Helper()
		begin := time.Now()
		c, err := host.Start(t.Context(), acceptance.ContainerSpec{Image: image, Env: env, Port: port})
		require.NoError(t, err)
		t.Logf("container started after %v", time.Since(begin).Round(time.Millisecond))
		t.Cleanup(func() { assert.NoError(t, c.Close(context.Background())) })
		return c
	}
	t.Run("one that ends when it is asked to", func(t *testing.T) {
		c := start(t, map[string]string{"LISTEN_PORT": fmt.Sprint(port), "EXOSCALE_SECRET": value})
		assert.Equal(t, value, get(t, c.URL()+"/?name="+url.QueryEscape("EXOSCALE_SECRET")))
		content, err := c.ReadFile(t.Context(), "config.json")
		require.NoError(t, err)
		assert.Equal(t, "[]", string(content))
		_, err = c.ReadFile(t.Context(), "secret")
		require.ErrorIs(t, err, fs.ErrNotExist)
		log, err := c.Log(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "up", log)
		code, err := c.Stop(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 0, code)
		_, err = c.ReadFile(t.Context(), "config.json")
		require.ErrorIs(t, err, fs.ErrNotExist, "the container has removed it")
	})
	t.Run("one that does not", func(t *testing.T) {
		c := start(t, map[string]string{"LISTEN_PORT": fmt.Sprint(port), "STUBBORN": "1"})
		get(t, c.URL())
		code, err := c.Stop(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 137, code)
		log, err := c.Log(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "up\nnot now", log)
	})
	for name, c := range map[string]struct{ dockerfile, want string }{
		"a step that fails":  {"FROM " + image + "\nRUN [\"/app\"]\n", "no such file or directory"},
		"an unknown command": {"FROM scratch\nNOSUCH thing\n", "NOSUCH"},
		"a base image that is not there": {
			"FROM exopool-test.invalid/no/such:1\n",
			"the image exopool-test.invalid/no/such:1 cannot be pulled",
		},
		"a short name": {"FROM exopool-test-no-such:1\n", "registry-1.docker.io"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := host.Build(t.Context(), folder(t, map[string]string{"Dockerfile": c.dockerfile}))
			require.Error(t, err)
			t.Log(err)
			assert.Contains(t, err.Error(), c.want)
		})
	}
	t.Run("a program that is not there", func(t *testing.T) {
		image, err := host.Build(t.Context(), folder(t, map[string]string{"Dockerfile": "FROM " + image + "\nENTRYPOINT [\"/nosuch\"]\n"}))
		require.NoError(t, err)
		_, err = host.Start(t.Context(), acceptance.ContainerSpec{Image: image})
		require.ErrorContains(t, err, "/nosuch")
		t.Log(err)
	})
}
