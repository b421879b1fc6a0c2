package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
	"github.com/exopool/exopool/fake"
)

// askWhy runs the command against a server, and returns its exit code and output.
func askWhy(t *testing.T, handler http.Handler, env settingstest.Env, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"why", "-url", server.URL}, args...), env.Get, &out, &errs)
	return code, out.String(), errs.String()
}

func TestWhyExplainsTheLastDecisions(t *testing.T) {
	t.Parallel()
	loop, err := autoscale.New(autoscale.Config{Pool: fake.NewPool("web", 1, nil), PoolName: "web"})
	require.NoError(t, err)
	handler := autoscale.NewHandler(loop, autoscale.HandlerConfig{Token: "wonderful-open-sesame", ProtectAll: true})
	env := settingstest.Env{"WEBHOOK_TOKEN": "wonderful-open-sesame"}

	code, out, _ := askWhy(t, handler, env)
	assert.Zero(t, code)
	assert.Equal(t, "No turn has ended yet.\n", out)
	_, out, _ = askWhy(t, handler, env, "-json")
	assert.Equal(t, "[]\n", out)

	loop.Record(t.Context(), autoscale.Up)
	loop.RunOnce(t.Context())
	loop.RunOnce(t.Context())
	_, out, _ = askWhy(t, handler, env)
	assert.Contains(t, out, "the pool web stayed at 2 members")
	assert.NotContains(t, out, "Turn 1 ")
	_, out, _ = askWhy(t, handler, env, "-json")
	var decisions []autoscale.Decision
	require.NoError(t, json.Unmarshal([]byte(out), &decisions))
	require.Len(t, decisions, 1)
	assert.Equal(t, 2, decisions[0].Turn)
	assert.Contains(t, out, "\n    \"pool\": \"web\",\n", "as /decisions says it")
	_, out, _ = askWhy(t, handler, env, "-turns", "5")
	assert.Contains(t, out, "the pool web went from 1 to 2 members: a webhook asked for it (step-up).\n")

	code, _, errs := askWhy(t, handler, nil)
	assert.Equal(t, 1, code)
	assert.Contains(t, errs, "it asks for its token: set WEBHOOK_TOKEN or -webhook-token-file")
}

func TestWhyOfWhatIsNoAutoscaler(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"another server": {http.NotFound, "it answers 404 Not Found: is it an autoscaler?"},
		"no decisions":   {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "it does not answer with decisions"},
	} {
		code, _, errs := askWhy(t, tt.handler, nil)
		assert.Equal(t, 1, code, name)
		assert.Contains(t, errs, tt.want, name)
	}
	var out, errs bytes.Buffer
	assert.Equal(t, 2, run(t.Context(), []string{"why", "-url", "ftp://x"}, settingstest.Env{}.Get, &out, &errs))
	assert.Equal(t, 1, run(t.Context(), []string{"why", "-url", "http://127.0.0.1:1"}, settingstest.Env{}.Get, &out, &errs))
}

func TestAMistypedCommandIsNamed(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	assert.Equal(t, 2, run(t.Context(), []string{"wy"}, settingstest.Env{}.Get, &out, &errs))
	assert.Contains(t, errs.String(), `command line has the unknown command "wy": did you mean why?`)
	assert.NotContains(t, errs.String(), "is missing")
}
