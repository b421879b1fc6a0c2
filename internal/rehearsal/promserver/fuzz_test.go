package promserver_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/promserver"
	"github.com/exopool/exopool/terraform/files"
)

// Whatever is asked gets an answer in the form of the API, and the blame falls
// on who asked.
func FuzzQueryAPI(f *testing.F) {
	for _, seed := range []struct{ path, query, start, end, step, match string }{
		{"query", "1+1", "", "", "", ""},
		{"query", "sum(", "", "", "", ""},
		{"query_range", "vector(1)", "1700000000", "1700000060.5", "15s", ""},
		{"query_range", "up", "2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z", "1", ""},
		{"query_range", "up", "-1e9", "1e12", "1e-300", ""},
		{"query_range", "up", "NaN", "Inf", "0", ""},
		{"labels", "", "", "", "", `{job="pool"}`},
		{"series", "", "", "", "", `{`},
		{"label/job/values", "", "1e30", "", "", ""},
	} {
		f.Add(seed.path, seed.query, seed.start, seed.end, seed.step, seed.match)
	}
	dir := f.TempDir()
	m, err := promserver.Open(promserver.Config{
		Dir: filepath.Join(dir, "tsdb"), Files: files.Monitoring(), TargetsFile: filepath.Join(dir, "config.json"),
	})
	require.NoError(f, err)
	f.Cleanup(func() { assert.NoError(f, m.Close()) })
	handler := m.Handler()
	f.Fuzz(func(t *testing.T, path, query, start, end, step, match string) {
		if !map[string]bool{"query": true, "query_range": true, "labels": true, "series": true, "label/job/values": true}[path] {
			return
		}
		form := url.Values{"query": {query}, "start": {start}, "end": {end}, "step": {step}, "match[]": {match}}
		request := httptest.NewRequest(http.MethodPost, "/api/v1/"+path, strings.NewReader(form.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer := httptest.NewRecorder()

		handler.ServeHTTP(answer, request)

		var body struct{ Status string }
		require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &body), "%s", answer.Body)
		switch answer.Code {
		case http.StatusOK:
			assert.Equal(t, "success", body.Status)
		case http.StatusBadRequest, http.StatusUnprocessableEntity:
			assert.Equal(t, "error", body.Status)
		default:
			t.Errorf("status %d", answer.Code)
		}
	})
}
