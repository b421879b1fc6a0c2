package imageregistry_test

import (
	"archive/tar"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
)

// serve offers a registry, and returns the host of its address.
func serve(t *testing.T, r *imageregistry.Registry) string {
	t.Helper()
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func pull(t *testing.T, host, image string) (v1.Image, error) {
	t.Helper()
	ref, err := name.ParseReference(host + "/" + image)
	require.NoError(t, err)
	return remote.Image(ref, remote.WithContext(t.Context()))
}

func TestImageIsPulledUnderItsPublicName(t *testing.T) {
	r := imageregistry.New()
	image, err := imageregistry.Image(file(t, "app", "program"))
	require.NoError(t, err)
	require.NoError(t, r.Add(t.Context(), imageregistry.LoadGenerator, imageregistry.LoadGeneratorTag, image))

	pulled, err := pull(t, serve(t, r), "janoszen/http-load-generator:1.0.1")
	require.NoError(t, err)
	config, err := pulled.ConfigFile()
	require.NoError(t, err)
	assert.Equal(t, []string{"/app"}, config.Config.Entrypoint)
	assert.Equal(t, "65534:65534", config.Config.User)
	assert.Contains(t, config.Config.ExposedPorts, "8080/tcp")
	assert.Equal(t, "linux", config.OS)

	layers, err := pulled.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 1)
	content, err := layers[0].Uncompressed()
	require.NoError(t, err)
	defer content.Close()
	files := tar.NewReader(content)
	header, err := files.Next()
	require.NoError(t, err)
	assert.Equal(t, "app", header.Name)
	assert.Equal(t, int64(0o755), header.Mode)
	program, err := io.ReadAll(files)
	require.NoError(t, err)
	assert.Equal(t, "program", string(program))
	_, err = files.Next()
	assert.ErrorIs(t, err, io.EOF)
}

func TestOtherImagesAreNotFoundSoThatEnginesAskDockerHub(t *testing.T) {
	host := serve(t, imageregistry.New())
	resp, err := http.Get("http://" + host + "/v2/library/nginx/manifests/latest")
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusNotFound, resp.StatusCode)
}

func TestMachinesCannotPush(t *testing.T) {
	host := serve(t, imageregistry.New())
	for _, method := range []string{http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		req, err := http.NewRequest(method, "http://"+host+"/v2/library/nginx/manifests/latest", strings.NewReader("{}"))
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode, method)
	}
}

func TestErrorsNameTheImageAndTheProgram(t *testing.T) {
	_, err := imageregistry.Image("/nowhere/app")
	require.ErrorContains(t, err, "make an image of /nowhere/app")
	image, err := imageregistry.Image(file(t, "app", "x"))
	require.NoError(t, err)
	require.ErrorContains(t, imageregistry.New().Add(t.Context(), "a/b", "no/tag", image), "add image a/b:no/tag")
}

func TestLoadGeneratorIsBuiltStatic(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs the Go tool")
	}
	program, err := imageregistry.Program(t.Context(), t.TempDir())
	require.NoError(t, err)
	require.NoError(t, imageregistry.Static(program))
	out, err := exec.Command(program, "-h").CombinedOutput()
	require.NoError(t, err)
	assert.Contains(t, string(out), "http-load-generator")
}

// Git refuses root in a working copy of another user.
func TestLoadGeneratorIsBuiltWithoutGit(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs the Go tool")
	}
	t.Setenv("GOFLAGS", "-buildvcs=auto") // as it is by default
	t.Setenv("GIT_DIR", t.TempDir())
	_, err := imageregistry.Program(t.Context(), t.TempDir())
	require.NoError(t, err)
}

func TestWithoutGoTheErrorSaysHowToGetTheLoadGenerator(t *testing.T) {
	t.Setenv("PATH", "")
	_, err := imageregistry.Program(t.Context(), t.TempDir())
	require.ErrorContains(t, err, "put a static http-load-generator beside")
}

func TestProgramThatNeedsLibrariesIsRefused(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("needs a program that needs libraries")
	}
	require.ErrorContains(t, imageregistry.Static(shell), "build it with CGO_ENABLED=0")
	require.ErrorContains(t, imageregistry.Static(file(t, "text", "#!/bin/sh\n")), "read ")
}
