package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/cloudtest"
	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

func TestResizesAreAnnotatedInWords(t *testing.T) {
	t.Parallel()
	type annotation struct {
		Text string
		Tags []string
	}
	got := make(chan annotation, 10)
	grafana := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "Bearer glsa_secret", r.Header.Get("Authorization"))
		var a annotation
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&a))
		got <- a
	}))
	defer grafana.Close()
	cloud := cloudtest.New(t, 1)
	env := withState(t, cloud.Env(nil))
	env["GRAFANA_TOKEN"] = "glsa_secret"
	p := startProgram(t, env, "-max", "2", "-grafana-url", grafana.URL)
	code, _ := send(t, http.MethodPost, p.url+"/up")
	require.Equal(t, http.StatusOK, code)
	select {
	case a := <-got:
		assert.Contains(t, a.Text, "went from 1 to 2 members: a webhook asked for it (step-up).")
		assert.Equal(t, []string{"exopool", "resized", "step-up"}, a.Tags)
	case <-time.After(time.Minute):
		require.Fail(t, "no annotation", p.log)
	}
	_, metrics := send(t, http.MethodGet, p.url+"/metrics")
	assert.Contains(t, metrics, `exopool_autoscaler_annotations_total{outcome="lost"} 0`)
	p.stop()
	assert.NotContains(t, p.log.String(), "glsa_secret")
	assert.Empty(t, got, "turns that change nothing are not annotated")
}

func TestAnnotationsNeedAddressAndToken(t *testing.T) {
	t.Parallel()
	for problem, env := range map[string]settingstest.Env{
		"GRAFANA_TOKEN is missing":                              {"AUTOSCALER_GRAFANA_URL": "http://127.0.0.1:3000"},
		"AUTOSCALER_GRAFANA_URL (flag -grafana-url) is missing": {"GRAFANA_TOKEN": "glsa_secret"},
	} {
		_, err := parse(nil, settingstest.Course().With(env).Get, io.Discard)
		require.ErrorContains(t, err, problem)
		assert.NotContains(t, err.Error(), "glsa_secret")
	}
}

func TestTokensForGrafanaAreNotSentUnencrypted(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]int{
		"http://127.0.0.1:3000": 0, "http://localhost:3000": 0, "http://[::1]:3000": 0, "https://grafana.example": 0,
		"http://grafana.example": 1, "http://192.0.2.1:3000": 1,
	} {
		cfg, err := parse(nil, settingstest.Course().With(settingstest.Env{
			"AUTOSCALER_GRAFANA_URL": url, "GRAFANA_TOKEN": "glsa_secret", "WEBHOOK_TOKEN": strings.Repeat("x", 64),
		}).Get, io.Discard)
		require.NoError(t, err, url)
		assert.Len(t, cfg.Warnings, want, url)
		assert.NotContains(t, strings.Join(cfg.Warnings, " "), "glsa_secret", url)
	}
}
