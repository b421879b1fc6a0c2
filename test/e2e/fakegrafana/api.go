package main

import (
	"crypto/subtle"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"
)

// Where an installation puts what Grafana would read.
const (
	alertFiles     = "/etc/grafana/provisioning/alerting/*.yaml"
	dashboardFiles = "/etc/grafana/dashboards/*.json"
)

// answers is as much of Grafana's API as the end of an installation asks for.
// Rules and dashboards are there when their files are.
func answers(password string, ask prometheus.API) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", func(http.ResponseWriter, *http.Request) {})
	private := func(pattern string, there func(*http.Request) bool) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			_, given, _ := r.BasicAuth()
			switch {
			case subtle.ConstantTimeCompare([]byte(given), []byte(password)) != 1:
				w.WriteHeader(http.StatusUnauthorized)
			case !there(r):
				w.WriteHeader(http.StatusNotFound)
			}
		})
	}
	private("GET /api/v1/provisioning/alert-rules/{uid}", func(r *http.Request) bool {
		return mentioned(alertFiles, "uid: "+r.PathValue("uid")+"\n")
	})
	private("GET /api/dashboards/uid/{uid}", func(r *http.Request) bool {
		return mentioned(dashboardFiles, `"uid": "`+r.PathValue("uid")+`"`)
	})
	private("GET /api/datasources/uid/prometheus/health", func(r *http.Request) bool {
		_, _, _, err := ask.Query(r.Context(), "vector(1)", time.Now())
		return err == nil
	})
	return mux
}

// mentioned reports whether one of the files has the text.
func mentioned(pattern, text string) bool {
	names, err := filepath.Glob(pattern)
	if err != nil {
		return false
	}
	for _, name := range names {
		content, err := os.ReadFile(name) //nolint:gosec // G304: of a fixed folder
		if err == nil && strings.Contains(string(content), text) {
			return true
		}
	}
	return false
}
