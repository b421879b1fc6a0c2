package images_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/internal/rehearsal/containerhost"
)

const root = "../.."

// A machine runs containers.
type machine struct{ driverapi.Helper }

// startMachine boots a machine with podman, and loads images of the repository.
func startMachine(t *testing.T, images ...string) machine {
	t.Helper()
	if os.Getenv("EXOPOOL_NSPAWN") != "1" {
		t.Skip("boots a machine: set EXOPOOL_NSPAWN=1 to run it, as root on Linux")
	}
	cfg := nspawn.Config{
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
		Prefix: "exopoolpod", Range: netip.MustParsePrefix("198.19.96.0/20"),
	}
	for _, r := range nspawn.Examine(t.Context(), cfg) {
		if !r.OK() {
			t.Skipf("machines cannot be booted here: %s: %s; to change that: %s", r.Name, r.Problem, r.Remedy)
		}
	}
	archives := buildImages(t, images)
	driver, err := nspawn.New(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, driver.Close(context.Background())) })
	host, err := containerhost.New(containerhost.Config{StartMachine: driver.StartHelper})
	require.NoError(t, err)
	begin := time.Now()
	helper, err := host.Machine(t.Context())
	require.NoError(t, err)
	t.Logf("machine with podman after %s", time.Since(begin).Round(time.Second))
	m := machine{helper}
	for _, archive := range archives {
		m.load(t, archive)
	}
	return m
}

// buildImages builds images as a release does, for this host's platform, and
// returns their archives.
func buildImages(t *testing.T, images []string) (archives []string) {
	t.Helper()
	dir := t.TempDir()
	begin := time.Now()
	build := exec.CommandContext(t.Context(), "go", "run", "./internal/images/write",
		"-platforms", "linux/"+runtime.GOARCH, "-version", "latest", "-images", strings.Join(images, ","), dir)
	build.Dir = root
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	t.Logf("images built in %s:\n%s", time.Since(begin).Round(time.Second), output)
	for _, image := range images {
		archives = append(archives, filepath.Join(dir, fmt.Sprintf("%s_linux_%s.tar", image, runtime.GOARCH)))
	}
	return archives
}

// load loads an image from its archive.
func (m machine) load(t *testing.T, archive string) {
	t.Helper()
	file, err := os.Open(archive)
	require.NoError(t, err)
	defer file.Close()
	begin := time.Now()
	output, code := m.execute(t, file, "podman load -q")
	require.Zero(t, code, output)
	t.Logf("%s in %s", strings.TrimSpace(output), time.Since(begin).Round(10*time.Millisecond))
}

// execute runs a shell script, and returns its output and its exit code.
func (m machine) execute(t *testing.T, stdin io.Reader, script string) (string, int) {
	t.Helper()
	var output bytes.Buffer
	// In a service of systemd, podman would keep the processes that hold containers
	// in that service, and they would end with it.
	code, err := m.Run(t.Context(), []string{"sh", "-euc", "unset INVOCATION_ID\n" + script}, stdin, &output, &output)
	require.NoError(t, err)
	return output.String(), code
}

// run runs a shell script that has to succeed, and returns its output.
func (m machine) run(t *testing.T, script string) string {
	t.Helper()
	output, code := m.execute(t, nil, script)
	require.Zero(t, code, "%s\n%s", script, output)
	return strings.TrimSpace(output)
}

// await waits until something is so.
func (m machine) await(t *testing.T, what string, limit time.Duration, containers string, holds func() bool) {
	t.Helper()
	begin := time.Now()
	for !holds() {
		if time.Since(begin) > limit {
			logs, _ := m.execute(t, nil, "for c in "+containers+"; do echo \"== $c\"; podman logs --tail 30 $c; done")
			t.Fatalf("no %s after %s\n%s", what, limit, logs)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
	t.Logf("%s after %s", what, time.Since(begin).Round(100*time.Millisecond))
}

// post sends a request to a port of the machine, and returns the status of the
// answer; 0 if there is none.
func (m machine) post(t *testing.T, port int, path string) int {
	t.Helper()
	url := fmt.Sprintf("http://%s:%d%s", m.Address(), port, path)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, http.NoBody)
	require.NoError(t, err)
	resp, err := (&http.Client{Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		return 0
	}
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}
