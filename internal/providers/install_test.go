package providers_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/providers"
)

// registry answers the one question that a registry is asked.
func registry(t *testing.T, status int, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/terraform.json" {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestGenuineProvidersAreDownloadedWhereTheRegistryAnswers(t *testing.T) {
	var log bytes.Buffer
	address := registry(t, http.StatusOK, `{"modules.v1":"/v1/modules/","providers.v1":"/v1/providers/"}`)
	m := install(t, providers.Config{
		Registry: address,
		Cache:    t.TempDir(),
		Logger:   slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	assert.Empty(t, m.Built)
	assert.Contains(t, log.String(), "GENUINE", "a quiet log hides which providers a test ran with")
	config, err := os.ReadFile(m.ConfigFile)
	require.NoError(t, err)
	assert.Equal(t, "provider_installation {\n  direct {\n  }\n}\n", string(config))
}

func TestProvidersAreBuiltWhereNoRegistryAnswers(t *testing.T) {
	for name, address := range map[string]string{
		"no server":                   "http://127.0.0.1:1",
		"broken server":               registry(t, http.StatusBadGateway, ""),
		"login page of a network":     registry(t, http.StatusOK, "<html>Please accept our terms</html>"),
		"registry of modules only":    registry(t, http.StatusOK, `{"modules.v1":"/v1/modules/"}`),
		"refused by a filtering host": registry(t, http.StatusForbidden, `{"providers.v1":"/v1/providers/"}`),
	} {
		t.Run(name, func(t *testing.T) {
			m := install(t, providers.Config{Registry: address})
			require.Len(t, m.Built, 2)
			assert.Equal(t, "exoscale/exoscale", m.Built[0].Source)
			assert.Equal(t, "0.69.3", m.Built[0].Version)
			assert.False(t, m.Built[0].StandIn)
			assert.Equal(t, "hashicorp/tls", m.Built[1].Source)
			assert.True(t, m.Built[1].StandIn)
		})
	}
}

func TestStandInIsAnnounced(t *testing.T) {
	var log bytes.Buffer
	m := install(t, providers.Config{
		Registry: "http://127.0.0.1:1",
		Logger:   slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	for _, p := range m.Built {
		assert.Contains(t, log.String(), p.Source)
	}
	assert.Contains(t, log.String(), "STAND-IN")
}

func TestMirrorServesTerraformAndOpenTofu(t *testing.T) {
	m := install(t, providers.Config{Registry: "http://127.0.0.1:1"})
	config, err := os.ReadFile(m.ConfigFile)
	require.NoError(t, err)
	for _, p := range m.Built {
		platform := filepath.Base(filepath.Dir(p.Path))
		root := p.Path
		for range 6 { // program, platform, version, name, namespace, host
			root = filepath.Dir(root)
		}
		assert.Contains(t, string(config), root)
		for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
			assert.Contains(t, string(config), `"`+host+"/"+p.Source+`"`)
			info, err := os.Stat(filepath.Join(root, host, p.Source, p.Version, platform, filepath.Base(p.Path)))
			require.NoError(t, err)
			assert.NotZero(t, info.Mode()&0o100, "executable")
		}
	}
}

// The cache is empty but for what a killed build leaves. Go's own build cache
// makes this a matter of linking, once an earlier test has built.
func TestConcurrentInstallsBuildOnceAndLeaveNothingHalfDone(t *testing.T) {
	const unreachable = "http://127.0.0.1:1"
	reference := install(t, providers.Config{Registry: unreachable})
	cache := t.TempDir()
	for _, p := range reference.Built {
		require.NoError(t, os.MkdirAll(filepath.Join(cache, mirrorName(p)+".partial", "rubbish"), 0o750))
	}
	var log bytes.Buffer
	var mirrors [3]providers.Mirror
	var faults [3]error
	var done sync.WaitGroup
	handler := slog.NewTextHandler(&log, nil)
	for i := range mirrors {
		done.Go(func() {
			config := providers.Config{Registry: unreachable, Cache: cache, Logger: slog.New(handler)}
			mirrors[i], faults[i] = providers.Install(t.Context(), config)
		})
	}
	done.Wait()
	for i := range mirrors {
		require.NoError(t, faults[i])
		assert.Equal(t, mirrors[0], mirrors[i])
	}
	assert.Equal(t, 2, bytes.Count(log.Bytes(), []byte("built provider")), "one build of each")
	for _, p := range mirrors[0].Built {
		assert.FileExists(t, p.Path)
		assert.NoDirExists(t, filepath.Join(cache, mirrorName(p)+".partial"))
		assert.NoDirExists(t, filepath.Join(cache, mirrorName(p), "rubbish"))
	}
}

func TestCancelledInstallSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := providers.Install(ctx, providers.Config{Cache: t.TempDir()})
	require.ErrorIs(t, err, context.Canceled)
}

func TestCancelledBuildLeavesNoMirror(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cache := t.TempDir()
	log := slog.New(slog.NewTextHandler(trigger{word: "building provider", pull: cancel}, nil))
	_, err := providers.Install(ctx, providers.Config{Registry: "http://127.0.0.1:1", Cache: cache, Logger: log})
	require.ErrorIs(t, err, context.Canceled)
	mirrors, err := filepath.Glob(filepath.Join(cache, "*_*-????????????"))
	require.NoError(t, err)
	assert.Empty(t, mirrors, "a mirror that exists is complete")
}

// mirrorName is the folder of the cache that a provider is in.
func mirrorName(p providers.Provider) string {
	path := p.Path
	for range 6 {
		path = filepath.Dir(path)
	}
	return filepath.Base(path)
}
