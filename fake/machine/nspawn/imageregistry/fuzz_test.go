package imageregistry_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
)

// FuzzOpen: whatever is taken for an image is served.
func FuzzOpen(f *testing.F) {
	image := ours(f)
	layout := packed(f, newLayout(f, mutate.IndexAddendum{Add: image}))
	for _, seed := range []string{
		layout, zipped(f, layout), saved(f, map[string]v1.Image{"nginx": image}), linked(f),
	} {
		content, err := os.ReadFile(seed)
		require.NoError(f, err)
		f.Add(content)
		f.Add(content[:len(content)/2])
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		file := filepath.Join(t.TempDir(), "image")
		require.NoError(t, os.WriteFile(file, content, 0o600))
		image, err := imageregistry.Open("nginx", file)
		if err != nil {
			return
		}
		s := imageregistry.New(imageregistry.Config{Images: []*imageregistry.Image{image}})
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "https://registry-1.docker.io/v2/library/nginx/manifests/latest", nil))
		require.Equal(t, http.StatusOK, answer.Code)
		require.NoError(t, s.Close())
	})
}
