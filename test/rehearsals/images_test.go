package rehearsals_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry/imagelayout"
	"github.com/exopool/exopool/internal/rehearsal/vendorimages"
)

// goImage is what the sample's Dockerfiles begin with.
const goImage = "golang:1.26"

// grafanaFolder is the variable that names a folder with a Grafana.
const grafanaFolder = "EXOPOOL_GRAFANA"

// sampleImages makes the images that the sample names, by their names. They are
// what their vendors' are, as far as a hand-in can see: made from the same programs,
// with the same paths, ports and users, but not by the vendors.
func sampleImages(t *testing.T) map[string]string {
	t.Helper()
	images := map[string]string{
		"quay.io/prometheus/node-exporter": nodeExporterImage(t),
		"prom/prometheus":                  prometheusImage(t),
		goImage:                            golangImage(t),
	}
	for _, name := range []string{"servicediscovery", "autoscaler"} {
		program := filepath.Join(t.TempDir(), name)
		goBuild(t, filepath.Join("testdata", "sample", name), program, ".")
		images["cloudgroup7/"+name] = layout(t, v1.Config{Entrypoint: []string{"/" + name}},
			imagelayout.Part{From: program, To: "/" + name})
	}
	if folder := os.Getenv(grafanaFolder); folder != "" {
		images["grafana/grafana"] = grafanaImage(t, folder)
	}
	return images
}

// layout makes an image, and returns its folder.
func layout(t *testing.T, config v1.Config, parts ...imagelayout.Part) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "image")
	require.NoError(t, imagelayout.Write(dir, config, parts...))
	return dir
}

func nodeExporterImage(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "node_exporter")
	goBuild(t, ".", program, "./nodeexporter")
	return layout(t, v1.Config{
		Entrypoint: []string{"/bin/node_exporter"}, User: "nobody", ExposedPorts: ports("9100/tcp"),
	}, imagelayout.Part{From: program, To: "/bin/node_exporter"}, accounts(t))
}

func prometheusImage(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "image")
	require.NoError(t, vendorimages.Prometheus(t.Context(), dir))
	return dir
}

func grafanaImage(t *testing.T, folder string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "image")
	require.NoError(t, vendorimages.Grafana(t.Context(), dir, folder))
	return dir
}

// golangImage has this host's Go and a shell, which is enough to build programs
// without cgo.
func golangImage(t *testing.T) string {
	t.Helper()
	output, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	root := strings.TrimSpace(string(output))
	shell, err := exec.LookPath("sh")
	require.NoError(t, err)
	temporary := t.TempDir()
	require.NoError(t, os.Chmod(temporary, 0o1777))
	parts := append(withLibraries(t, shell, "/bin/sh"), accounts(t), imagelayout.Part{From: temporary, To: "/tmp"})
	for _, name := range []string{"bin", "pkg", "src", "lib", "go.env", "VERSION"} {
		parts = append(parts, imagelayout.Part{From: filepath.Join(root, name), To: "/usr/local/go/" + name})
	}
	const bundle = "/etc/ssl/certs/ca-certificates.crt"
	parts = append(parts, imagelayout.Part{From: bundle, To: bundle})
	return layout(t, v1.Config{
		Cmd: []string{"sh"}, WorkingDir: "/go",
		Env: []string{"PATH=/go/bin:/usr/local/go/bin:/bin", "GOPATH=/go", "GOTOOLCHAIN=local", "HOME=/root"},
	}, parts...)
}

// accounts is the list of users that every image with a named user has.
func accounts(t *testing.T) imagelayout.Part {
	t.Helper()
	file := filepath.Join(t.TempDir(), "passwd")
	list := "root:x:0:0::/:/sbin/nologin\nnobody:x:65534:65534::/:/sbin/nologin\n"
	require.NoError(t, os.WriteFile(file, []byte(list), 0o600))
	require.NoError(t, os.Chmod(file, 0o644))
	return imagelayout.Part{From: file, To: "/etc/passwd"}
}

// withLibraries returns a program of this host and the libraries that it needs.
func withLibraries(t *testing.T, program, to string) []imagelayout.Part {
	t.Helper()
	parts := []imagelayout.Part{{From: program, To: to}}
	output, err := exec.Command("ldd", program).CombinedOutput()
	if bytes.Contains(output, []byte("not a dynamic executable")) {
		return parts
	}
	require.NoError(t, err, "%s", output)
	for line := range strings.Lines(string(output)) {
		for _, word := range strings.Fields(line) {
			if strings.HasPrefix(word, "/") {
				file, err := filepath.EvalSymlinks(word)
				require.NoError(t, err)
				parts = append(parts, imagelayout.Part{From: file, To: word})
			}
		}
	}
	return parts
}

func ports(names ...string) map[string]struct{} {
	set := map[string]struct{}{}
	for _, name := range names {
		set[name] = struct{}{}
	}
	return set
}

// goBuild builds a static program.
func goBuild(t *testing.T, dir, to, from string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", to, from)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOWORK=off")
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, fmt.Sprintf("build %s: %s", from, output))
}
