package discovery

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/exopool/exopool/internal/auth"
)

// Handler serves the agent over HTTP, to GET and HEAD only:
//
//	/targets  the targets for Prometheus' HTTP service discovery, the same
//	          bytes as in the file; 503 until a set of targets is known
//	/         this list, as text
//	/healthz  200 while the program runs
//	/readyz   200 while the last good refresh is younger than the maximum
//	          age, otherwise 503
//	/metrics  the metrics of gatherer
//
// If there is a token, requests of /targets and /metrics without it get 401, and
// 429 after too many of them.
func (a *Agent) Handler(gatherer prometheus.Gatherer) http.Handler {
	guard := auth.New(a.cfg.Token)
	mux := http.NewServeMux()
	mux.Handle("GET /targets", a.authorize(guard, http.HandlerFunc(a.serveTargets)))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprint(w, about)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", a.serveReady)
	mux.Handle("GET /metrics", a.authorize(guard, promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{})))
	return mux
}

// about is what there is, for people who open the address.
const about = `discovery: the members of an instance pool as targets of Prometheus

/targets  the targets, for http_sd_configs
/metrics  of this program
/healthz  200 while it runs
/readyz   200 while the targets are up to date, else 503 with the reason
`

// authorize refuses requests without the token, and counts them.
func (a *Agent) authorize(guard *auth.Guard, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := guard.Check(r)
		if v.OK() {
			next.ServeHTTP(w, r)
			return
		}
		a.metrics.denied.WithLabelValues(r.URL.Path, outcome(v.Code)).Inc()
		v.SetHeader(w.Header(), "discovery")
		http.Error(w, v.Text, v.Code)
	})
}

// outcome returns how a refused request is counted.
func outcome(code int) string {
	if code == http.StatusTooManyRequests {
		return outcomeRateLimited
	}
	return outcomeRefused
}

// serveTargets answers 304 to clients that have the current targets.
func (a *Agent) serveTargets(w http.ResponseWriter, r *http.Request) {
	doc := a.published.Load()
	if doc == nil {
		http.Error(w, "no targets are known yet", http.StatusServiceUnavailable)
		return
	}
	sum := sha256.Sum256(doc.body)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(doc.body))
}

func (a *Agent) serveReady(w http.ResponseWriter, _ *http.Request) {
	ok, age, ever := a.ready()
	switch {
	case !ever:
		http.Error(w, "no refresh has succeeded yet", http.StatusServiceUnavailable)
	case !ok:
		http.Error(w, fmt.Sprintf("the last good refresh was %s ago", age.Round(time.Second)), http.StatusServiceUnavailable)
	default:
		fmt.Fprintf(w, "ok, the last good refresh was %s ago\n", age.Round(time.Second))
	}
}
