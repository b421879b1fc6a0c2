package openapi_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/openapi"
)

const text = "openapi: 3.0.0\n"

// vendor serves an answer, and returns the document that should be there.
func vendor(t *testing.T, status int, body string) openapi.Document {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	sum := sha256.Sum256([]byte(text))
	return openapi.Document{URL: server.URL, SHA256: hex.EncodeToString(sum[:]), Folders: []string{
		filepath.Join(t.TempDir(), "cache"), t.TempDir(),
	}}
}

func TestFetchedDocumentIsFoundAgain(t *testing.T) {
	t.Parallel()
	document := vendor(t, http.StatusOK, text)
	require.NoError(t, document.Fetch(t.Context(), http.DefaultClient))

	document.URL = "http://127.0.0.1:1"
	require.NoError(t, document.Fetch(t.Context(), http.DefaultClient), "needs no network any more")
	found, err := document.Find()
	require.NoError(t, err)
	assert.Equal(t, text, string(found))
}

func TestDocumentBesideTheRepositoryIsFound(t *testing.T) {
	t.Parallel()
	document := vendor(t, http.StatusNotFound, "")
	require.NoError(t, os.WriteFile(filepath.Join(document.Folders[1], "exoscale-openapi.yaml"), []byte(text), 0o600))
	require.NoError(t, document.Fetch(t.Context(), http.DefaultClient))
	found, err := document.Find()
	require.NoError(t, err)
	assert.Equal(t, text, string(found))
}

func TestWhatIsNotTheDocumentIsNotKept(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"another version": {http.StatusOK, "openapi: 3.1.0\n", "another hash than the pinned one"},
		"cut short":       {http.StatusOK, text[:5], "another hash than the pinned one"},
		"an error":        {http.StatusNotFound, text, "404 Not Found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			document := vendor(t, test.status, test.body)
			require.ErrorContains(t, document.Fetch(t.Context(), http.DefaultClient), test.want)
			_, err := document.Find()
			require.ErrorContains(t, err, "make openapi")
		})
	}
}
