package autoscale_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
)

// FuzzToken: only the secret itself is accepted.
func FuzzToken(f *testing.F) {
	const secret = "open sesame"
	f.Add("Bearer open sesame", "")
	f.Add("bearer  open sesame ", "token=x")
	f.Add("Basic YW55b25lOm9wZW4gc2VzYW1l", "")
	f.Add("Basic b3BlbiBzZXNhbWU6", "")
	f.Add("", "token=open+sesame")
	f.Add("", "token=&token=open+sesame;")
	f.Fuzz(func(t *testing.T, authorization, query string) {
		loop, h := inbox(t, secret)
		r := httptest.NewRequest(http.MethodPost, "/down", nil)
		r.Header["Authorization"] = []string{authorization}
		r.URL.RawQuery = query
		got := serve(h, r)
		assert.Contains(t, []int{http.StatusOK, http.StatusUnauthorized}, got.Code)
		assert.Equal(t, got.Code == http.StatusOK, counts(loop) == [2]int{0, 1})
		assert.NotContains(t, got.Body.String(), "sesame")
		if got.Code != http.StatusOK {
			return
		}
		// Somewhere in the request the secret must be, as it stands.
		bearer := strings.Contains(authorization, secret)
		_, password, basic := r.BasicAuth()
		assert.True(t, bearer || basic && password == secret || r.URL.Query().Get("token") == secret)
	})
}

// FuzzMembersFile: with any file of members, the program starts, takes a turn, and
// finds the next time what it has written.
func FuzzMembersFile(f *testing.F) {
	f.Add([]byte(`{"version":1,"pool":"/","settings":"old","members":{"00000000-0000-4000-8000-000000000001":"old"}}`))
	f.Add([]byte(`{"version":1,"pool":"/","settings":"","members":null}`))
	f.Add([]byte(`{"version":1,"pool":"/web","settings":"old","members":{"":""}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "members.json")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		clock := fake.NewClock(noon)
		pool := fake.NewPool("web", 3, clock)
		pool.SetSettings("new")
		cfg := autoscale.Config{Pool: pool, StateDir: filepath.Dir(path), Max: 4, Clock: clock}
		loop, err := autoscale.New(cfg)
		require.NoError(t, err)
		outdated := loop.RunOnce(t.Context()).Outdated
		again, err := autoscale.New(cfg)
		require.NoError(t, err)
		assert.Equal(t, outdated, again.RunOnce(t.Context()).Outdated)
	})
}

// FuzzGuardsFile: with any file of earlier sizes, the program starts, takes turns
// within its bounds, and finds the next time what it has written.
func FuzzGuardsFile(f *testing.F) {
	f.Add([]byte(`{"version":1,"pool":"/","last":{"at":"2026-03-01T11:59:00Z","size":4},"before":3,"changes":[{"at":"2026-03-01T11:58:00Z","size":4}],"wishes":[{"at":"2026-03-01T11:58:00Z","size":9}]}`))
	f.Add([]byte(`{"version":1,"pool":"/","last":{"at":"2027-03-01T11:59:00Z","size":4},"changes":[{"at":"2027-03-01T11:58:00Z","size":4}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "guards.json")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		clock := fake.NewClock(noon)
		pool := fake.NewPool("web", 3, clock)
		cfg := autoscale.Config{Pool: pool, StateDir: filepath.Dir(path), Max: 4, Clock: clock, Guards: autoscale.Guards{
			UpStabilization: time.Hour, DownCooldown: time.Minute, UpRate: autoscale.Rate{Members: 2, Per: time.Hour}, Reversals: 1,
		}}
		for range 3 {
			loop, err := autoscale.New(cfg)
			require.NoError(t, err)
			loop.Record(t.Context(), autoscale.Down)
			clock.Advance(time.Minute)
			loop.RunOnce(t.Context())
			assert.Contains(t, []int{1, 2, 3}, pool.Size())
		}
	})
}

// FuzzStateFile: with any state file, the program starts, takes a turn
// within the limits, and can start again on what it has written.
func FuzzStateFile(f *testing.F) {
	f.Add([]byte(`{"version":1}`))
	f.Add([]byte(`{"version":1,"pending":{"up":{"first":"2026-03-01T11:59:00Z","last":"2026-03-01T11:59:30Z","count":2}},"claimed":{},"last_resize":"2026-03-01T11:59:00Z"}`))
	f.Add([]byte(`{"version":1,"pending":{},"claimed":{"down":{"first":"2026-03-01T11:58:00Z","last":"2026-03-01T11:59:30Z","count":1}},"intent":{"direction":"down","from":4,"to":3,"at":"2026-03-01T11:59:50Z"}}`))
	f.Add([]byte(`{"version":1,"pending":{"up":{"first":"9999-12-31T23:59:59-23:59","last":"9999-12-31T23:59:59-23:59","count":2147483647}}}`))
	f.Add([]byte(`{"version":2}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "demand.json")
		require.NoError(t, os.WriteFile(path, content, 0o600))
		clock := fake.NewClock(noon)
		pool := fake.NewPool("web", 3, clock)
		cfg := autoscale.Config{Pool: pool, StateDir: filepath.Dir(path), Max: 4, Clock: clock}
		loop, err := autoscale.New(cfg)
		require.NoError(t, err)
		loop.Record(t.Context(), autoscale.Up)
		clock.Advance(time.Minute)
		d := loop.RunOnce(t.Context())
		assert.Equal(t, autoscale.Resized, d.Result)
		assert.Equal(t, []int{4}, pool.Resizes())

		clock.Advance(time.Minute)
		again, err := autoscale.New(cfg)
		require.NoError(t, err)
		assert.Equal(t, autoscale.Held, again.RunOnce(t.Context()).Result, "all webhooks are settled")
	})
}
