package autoscale

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/exopool/exopool/internal/auth"
)

// HandlerConfig is what [NewHandler] needs beside a loop; all of it optional.
type HandlerConfig struct {
	Token      string              // secret of the webhooks, see [NewWebhook]
	ProtectAll bool                // ask for Token on /decisions and /metrics, too
	Gatherer   prometheus.Gatherer // what /metrics shows; nil: there is no /metrics

	// Alerts names those that count, for each direction, in whatever case;
	// webhooks of others, and without the name of an alert, are refused. Nil: a
	// webhook need not name its alert.
	Alerts map[Direction][]string
}

// NewHandler returns everything the program serves: the webhooks of
// [NewWebhook], and
//
//	/pause      GET shows whether the loop is paused; POST pauses it, for the
//	            form value duration (2h), if given, with a reason for others
//	/resume     POST ends the pause
//	/decisions  the last 1,000 decisions as a JSON array, newest last
//	/healthz    200: the program is alive
//	/readyz     200: the pool was read within three intervals; 503 says why not
//	/metrics    for Prometheus
func NewHandler(loop *Loop, cfg HandlerConfig) http.Handler {
	guard := auth.New(cfg.Token)
	webhook := newWebhook(loop, guard)
	webhook.classifier.listed = cfg.Alerts
	operate := operateHandler{loop: loop, guard: guard}
	readers := auth.New("")
	if cfg.ProtectAll {
		readers = guard
	}
	var metrics http.Handler = http.HandlerFunc(http.NotFound)
	if cfg.Gatherer != nil {
		metrics = promhttp.HandlerFor(cfg.Gatherer, promhttp.HandlerOpts{})
	}
	// No ServeMux: it would redirect paths that are almost right, and a
	// sender of webhooks does not follow redirects.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/pause":
			operate.servePause(w, r)
		case "/resume":
			operate.serveResume(w, r)
		case "/decisions":
			if allowed(w, r, http.MethodGet) && admitted(w, r, loop, readers) {
				serveDecisions(w, loop)
			}
		case "/healthz":
			if allowed(w, r, http.MethodGet, http.MethodHead) {
				plain(w, http.StatusOK, "alive")
			}
		case "/readyz":
			if allowed(w, r, http.MethodGet, http.MethodHead) {
				serveReady(w, loop)
			}
		case "/metrics":
			if allowed(w, r, http.MethodGet, http.MethodHead) && admitted(w, r, loop, readers) {
				metrics.ServeHTTP(w, r)
			}
		default:
			webhook.ServeHTTP(w, r)
		}
	})
}

// admitted answers and counts a request without the right token, on any other
// path than those of the webhooks.
func admitted(w http.ResponseWriter, r *http.Request, loop *Loop, guard *auth.Guard) bool {
	v := guard.Check(r)
	if v.OK() {
		return true
	}
	loop.metrics.refused.WithLabelValues(r.URL.Path, string(refusal(v))).Inc()
	v.SetHeader(w.Header(), realm)
	plain(w, v.Code, v.Text)
	return false
}

func serveDecisions(w http.ResponseWriter, loop *Loop) {
	body, err := loop.history.encoded()
	if err != nil {
		plain(w, http.StatusInternalServerError, err.Error())
		return
	}
	writeJSON(w, body)
}

func writeJSON(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if _, err := w.Write(body); err != nil {
		return // the client went away
	}
}

func serveReady(w http.ResponseWriter, loop *Loop) {
	if err := loop.Ready(); err != nil {
		plain(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	plain(w, http.StatusOK, "ready")
}
