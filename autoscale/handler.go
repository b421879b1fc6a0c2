package autoscale

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/exopool/exopool/internal/auth"
)

// HandlerConfig is what [NewHandler] needs beside a loop; all of it optional.
type HandlerConfig struct {
	// Token is the secret of webhooks. If it is not empty, a request must bring
	// it as bearer token, as the password of basic authentication, or in the
	// query as "token".
	Token      string
	ProtectAll bool                // require Token for /, /decisions and /metrics, too
	Gatherer   prometheus.Gatherer // what /metrics serves; nil: there is no /metrics

	// Alerts are the names of the alerts that count, by direction, in any case;
	// webhooks of others, and those that name no alert, are refused. Nil: every
	// webhook counts.
	Alerts map[Direction][]string
}

// NewHandler returns all that the program serves:
//
//	/up, /down  GET and POST record a webhook, see the codes below
//	/pause      GET shows whether the loop is paused; POST pauses it, for the
//	            form value duration (2h), if given, with a reason for others
//	/resume     POST ends the pause
//	/           a page for people: what the loop does, and why
//	/decisions  the last 1,000 decisions as a JSON array, newest last
//	/healthz    200: the program is alive
//	/readyz     200: the pool was read within three intervals; 503 says why not
//	/metrics    for Prometheus
//
// A webhook is answered
//
//	200  recorded, or ignored because it asks for nothing (a resolved alert)
//	400  malformed JSON
//	401  the token is wrong or missing
//	403  none of the listed alerts
//	405  another method than GET and POST
//	413  a body of more than 64 KiB
//	415  a content type that no sender uses, or a web page or a file
//	429  too many wrong tokens came from this address; Retry-After says when to try again
//
// and never 5xx, because senders repeat those.
func NewHandler(loop *Loop, cfg HandlerConfig) http.Handler {
	guard := auth.New(cfg.Token)
	webhooks := newWebhookHandler(loop, guard, cfg.Alerts)
	pauses := pauseHandler{loop: loop, guard: guard}
	status := newStatusHandler(loop)
	readers := auth.New("")
	if cfg.ProtectAll {
		readers = guard
	}
	var metrics http.Handler = http.HandlerFunc(http.NotFound)
	if cfg.Gatherer != nil {
		metrics = promhttp.HandlerFor(cfg.Gatherer, promhttp.HandlerOpts{})
	}
	// Not a ServeMux: it would redirect paths that are almost right, and
	// senders of webhooks do not follow redirects.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			if checkMethod(w, r, http.MethodGet, http.MethodHead) && authorize(w, r, loop, readers) {
				status.ServeHTTP(w, r)
			}
		case "/pause":
			pauses.servePause(w, r)
		case "/resume":
			pauses.serveResume(w, r)
		case "/decisions":
			if checkMethod(w, r, http.MethodGet) && authorize(w, r, loop, readers) {
				serveDecisions(w, loop)
			}
		case "/healthz":
			if checkMethod(w, r, http.MethodGet, http.MethodHead) {
				plain(w, http.StatusOK, "alive")
			}
		case "/readyz":
			if checkMethod(w, r, http.MethodGet, http.MethodHead) {
				serveReady(w, loop)
			}
		case "/metrics":
			if checkMethod(w, r, http.MethodGet, http.MethodHead) && authorize(w, r, loop, readers) {
				metrics.ServeHTTP(w, r)
			}
		default:
			webhooks.ServeHTTP(w, r)
		}
	})
}

// authorize reports whether a request has the right token, and otherwise answers
// and counts it. It is for all paths but those of webhooks.
func authorize(w http.ResponseWriter, r *http.Request, loop *Loop, guard *auth.Guard) bool {
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
