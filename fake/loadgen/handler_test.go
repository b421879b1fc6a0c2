package loadgen_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/loadgen"
)

// cpuFunc is a CPU that does what the test says.
type cpuFunc func(ctx context.Context) error

func (f cpuFunc) Burn(ctx context.Context) error { return f(ctx) }

func ask(t *testing.T, h http.Handler, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
	return w
}

func TestHandlerKeepsTheContract(t *testing.T) {
	for _, c := range []struct {
		method, path string
		status       int
		burns        int
	}{
		{http.MethodGet, "/load", 200, 1},
		{http.MethodHead, "/load", 200, 1},
		{http.MethodPost, "/load", 405, 0},
		{http.MethodGet, "/health", 200, 0},
		{http.MethodHead, "/health", 200, 0},
		{http.MethodDelete, "/health", 405, 0},
		{http.MethodGet, "/healthz", 200, 0},
		{http.MethodGet, "/", 200, 0},
		{http.MethodPut, "/", 405, 0},
		{http.MethodGet, "/loads", 404, 0},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			burns := 0
			h := loadgen.NewHandler(cpuFunc(func(context.Context) error { burns++; return nil }))
			w := ask(t, h, c.method, c.path)
			assert.Equal(t, c.status, w.Code)
			assert.Equal(t, c.burns, burns)
		})
	}
}

func TestHealthIsExactlyOK(t *testing.T) {
	saturated := cpuFunc(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	w := ask(t, loadgen.NewHandler(saturated), http.MethodGet, "/health")
	require.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, "OK", w.Body.String())
}

func TestLoadCutShortIsNotASuccess(t *testing.T) {
	h := loadgen.NewHandler(cpuFunc(func(context.Context) error { return errors.New("client left") }))
	assert.Equal(t, http.StatusServiceUnavailable, ask(t, h, http.MethodGet, "/load").Code)
}
