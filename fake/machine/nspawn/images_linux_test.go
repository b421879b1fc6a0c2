package nspawn_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry/imagelayout"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
	"github.com/exopool/exopool/fake/tlsproxy"
)

// An internet in which only one registry can be reached. Like public ones, it
// wants a token.
type internet struct {
	host string
	has  *imageregistry.Registry
}

func (i internet) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != i.host {
		return nil, syscall.ENETUNREACH
	}
	answer := httptest.NewRecorder()
	switch {
	case req.URL.Path == "/token":
		_, _ = answer.WriteString(`{"token":"t"}`)
	case req.Header.Get("Authorization") != "Bearer t":
		answer.Header().Set("WWW-Authenticate", `Bearer realm="https://`+i.host+`/token",service="s"`)
		answer.WriteHeader(http.StatusUnauthorized)
	case req.URL.Path == "/v2/":
		answer.WriteHeader(http.StatusOK)
	default:
		i.has.ServeHTTP(answer, req)
	}
	resp := answer.Result()
	resp.Request = req
	return resp, nil
}

// newDriverWithImages returns a driver whose machines find container registries
// that have the load generator and some images, besides those in the internet.
func newDriverWithImages(tb testing.TB, beyond internet, images ...*imageregistry.Image) (*nspawn.Driver, *imageregistry.Registry, *lines) {
	tb.Helper()
	if os.Getenv("EXOPOOL_NSPAWN") == "1" {
		mirror := template.Mirror(os.DirFS("/etc/apt"))
		if err := template.Reach(tb.Context(), template.Config{Mirror: mirror}, template.Default); err != nil {
			tb.Skipf("a Debian mirror is needed: %v", err)
		}
	}
	generator, err := imageregistry.LoadGenerator(tb.Context())
	require.NoError(tb, err)
	registry := imageregistry.New(imageregistry.Config{Images: append(images, generator), Upstream: beyond})
	tb.Cleanup(func() { require.NoError(tb, registry.Close()) })
	ports := map[string]bool{"443": true}
	hosts := map[string]netip.Addr{}
	for _, host := range registry.Hosts() {
		name, port, _ := strings.Cut(host, ":")
		hosts[name] = netip.Addr{} // the gateway
		ports[cmp.Or(port, "443")] = true
	}
	names := slices.Collect(maps.Keys(hosts))
	authority, err := tlsproxy.NewAuthority(names...)
	require.NoError(tb, err)
	proxy, err := tlsproxy.New(tlsproxy.Config{Domains: names, Authority: authority, Handler: registry})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, proxy.Close(context.Background())) })
	driver, log := newDriver(tb, func(cfg *nspawn.Config) { cfg.Authority, cfg.Hosts = authority.PEM(), hosts })
	for port := range ports {
		listener, err := driver.Listen(tb.Context(), "tcp4", net.JoinHostPort(driver.Gateway().String(), port))
		require.NoError(tb, err)
		go func() { _ = proxy.Serve(listener) }() // until it is closed
	}
	return driver, registry, log
}

// given returns an image, and its digest.
func given(t *testing.T, name string) (*imageregistry.Image, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "image")
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("content"), 0o600))
	require.NoError(t, imagelayout.Write(dir, v1.Config{Cmd: []string{"/file"}}, imagelayout.Part{From: file, To: "/file"}))
	image, err := imageregistry.Open(name, dir)
	require.NoError(t, err)
	index, err := layout.ImageIndexFromPath(dir)
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	return image, manifest.Manifests[0].Digest.String()
}

// healthy waits until a load generator answers at a port.
func healthy(t *testing.T, m driverapi.Machine, port string) {
	t.Helper()
	client := &http.Client{Timeout: time.Second}
	eventually(t, "port "+port+" is healthy", func() bool {
		resp, err := client.Get("http://" + m.Address.String() + ":" + port + "/health")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return err == nil && strings.TrimSpace(string(body)) == "OK"
	})
}

// engines are how Debian installs what runs containers, and how to call it.
var engines = map[string]struct {
	packages, hub string
	save          []string // commands that write an archive
}{
	"docker": {"docker.io docker-cli iptables", "", []string{"save"}},
	"podman": {"podman netavark crun nftables", "docker.io/", []string{"save", "save --format oci-archive"}},
}

func TestEnginesGetImagesOfAllRegistries(t *testing.T) {
	for engine, e := range engines {
		t.Run(engine, func(t *testing.T) {
			theirs, _ := given(t, "quay.io/real/one:1")
			quay := imageregistry.New(imageregistry.Config{Images: []*imageregistry.Image{theirs}})
			t.Cleanup(func() { require.NoError(t, quay.Close()) })
			image, digest := given(t, "registry.example.com:5000/a/b")
			driver, registry, log := newDriverWithImages(t, internet{"quay.io", quay}, image)
			k := newKey(t)
			m := instance(driver, 0, `#!/bin/sh
set -e
apt-get -q update
apt-get -q -y --no-install-recommends install `+e.packages+`
`+engine+` run -d --restart=always -p 8080:8080 `+e.hub+`janoszen/http-load-generator:1.0.1
`+engine+` run -d -p 8081:8080 quay.io/janoszen/http-load-generator
`+engine+` pull quay.io/real/one:1
`+engine+` pull registry.example.com:5000/a/b
`+engine+` pull registry.example.com:5000/a/b@`+digest+`
`, k.public)
			start(t, driver, m)
			booted(t, log, m, 1)
			require.NoError(t, driver.Condition(m.ID).Err)
			for _, port := range []string{"8080", "8081"} {
				healthy(t, m, port)
			}
			assert.Empty(t, registry.FailedPulls())

			// What the engine writes is an image that can be given.
			for _, save := range e.save {
				text, err := on(t, k, m, "sudo "+engine+" "+save+" registry.example.com:5000/a/b | base64 -w0")
				require.NoError(t, err)
				archive, err := base64.StdEncoding.DecodeString(text)
				require.NoError(t, err)
				file := filepath.Join(t.TempDir(), "saved.tar")
				require.NoError(t, os.WriteFile(file, archive, 0o600))
				saved, err := imageregistry.Open("registry.example.com:5000/a/b", file)
				require.NoError(t, err, save)
				require.NoError(t, imageregistry.New(imageregistry.Config{Images: []*imageregistry.Image{saved}}).Close())
			}

			begin := time.Now()
			said, err := on(t, k, m, "sudo "+engine+" pull "+e.hub+"prom/prometheus")
			require.Error(t, err)
			assert.Contains(t, said, "no route to registry-1.docker.io; give it with -image prom/prometheus=ARCHIVE")
			assert.Less(t, time.Since(begin), 20*time.Second)
			said, err = on(t, k, m, "sudo "+engine+" pull quay.io/real/one:2")
			require.Error(t, err, said)
			pulls := registry.FailedPulls()
			require.Len(t, pulls, 2)
			assert.Equal(t, m.Address.String(), pulls[0].Name)
			assert.Equal(t, "prom/prometheus:latest", pulls[0].Image)
			assert.Equal(t, "quay.io/real/one:2", pulls[1].Image)
			assert.Equal(t, "quay.io has no such image", pulls[1].Reason)
			t.Logf("%s: refused within %v", engine, time.Since(begin))
		})
	}
}

// application is user-data that installs podman and runs the default
// application.
const application = `#!/bin/sh
set -e
apt-get -q update
apt-get -q -y --no-install-recommends install prometheus-node-exporter podman netavark crun
podman run --detach --network host docker.io/janoszen/http-load-generator:1.0.1
`

func TestMachineInstallsPackagesAndRunsTheLoadGenerator(t *testing.T) {
	driver, _, log := newDriverWithImages(t, internet{})
	m := instance(driver, 0, application)
	start(t, driver, m)
	booted(t, log, m, 1)
	require.NoError(t, driver.Condition(m.ID).Err)
	_, balancers := driver.Networks()
	require.NoError(t, driver.Balance(driverapi.Balancer{ID: "lb", Address: balancers.Addr().Next(), Services: []driverapi.Service{{
		ID: "web", Name: "web", Port: 80, TargetPort: 8080, Protocol: "tcp", Strategy: "round-robin",
		Healthcheck: driverapi.Healthcheck{Mode: "http", Port: 8080, URI: "/health", Interval: 5, Timeout: 2, Retries: 1},
		Targets:     []driverapi.Target{{MachineID: m.ID, Address: m.Address}},
	}}}))
	eventually(t, "the member is healthy", func() bool {
		return driver.Health("lb", "web")[m.ID] == driverapi.HealthSuccess
	})
	resp, err := http.Get("http://" + balancers.Addr().Next().String() + "/health")
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "OK", strings.TrimSpace(string(body)))
}
