package autoscale

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/exopool/exopool/internal/auth"
	"github.com/exopool/exopool/internal/lograte"
)

// maxBody bounds the body of a webhook, in bytes. Real ones have about 2 KiB.
const maxBody = 64 << 10

// logInterval is the least time between two lines of the log about webhooks
// that are refused, and between two about others that are not as they should be.
const logInterval = time.Second

// A Webhook receives what alerting sends to /up and /down. It records and
// answers; the [Loop] acts, so a slow provider never makes a sender time out
// and send again.
//
//	200  recorded, or understood and asking for nothing (a resolved alert)
//	400  malformed JSON
//	401  the token is wrong or missing
//	403  none of the alerts that count, where they are listed
//	404  another path
//	405  another method than GET and POST
//	413  a body of more than 64 KiB
//	415  a content type that no sender of webhooks uses, or a page or a file
//	429  too many wrong tokens came from this address; Retry-After says when to try again
//
// Nothing is answered with 5xx, because senders repeat those.
type Webhook struct {
	loop       *Loop
	guard      *auth.Guard
	classifier classifier
	reading    sync.Mutex
	refusals   *slog.Logger // 401 and 429
	faults     *slog.Logger // everything else that deserves a look
}

// NewWebhook returns a handler that records for loop. With a secret that is
// not empty, a request must bring it as bearer token, as the password of basic
// authentication, or in the query as "token".
func NewWebhook(loop *Loop, secret string) *Webhook {
	return newWebhook(loop, auth.New(secret))
}

func newWebhook(loop *Loop, guard *auth.Guard) *Webhook {
	return &Webhook{
		loop: loop, guard: guard,
		refusals: lograte.Logger(loop.cfg.Logger, logInterval),
		faults:   lograte.Logger(loop.cfg.Logger, logInterval),
	}
}

func (h *Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A slash too many is no reason to miss an alert.
	direction, known := map[string]Direction{"up": Up, "down": Down}[strings.Trim(r.URL.Path, "/")]
	if !known {
		http.NotFound(w, r)
		return
	}
	if !allowed(w, r, http.MethodGet, http.MethodPost) {
		return
	}
	answer := h.receive(w, r, direction)
	h.loop.metrics.webhook(direction, answer.outcome)
	h.log(r.Context(), direction, answer)
	plain(w, answer.code, answer.text)
}

// answer is what a webhook gets. Its text never repeats what was sent beyond
// the kind of mistake in it.
type answer struct {
	code    int
	outcome outcome
	text    string
	confirm string // the address that the operator confirms a subscription at, for the log only
}

func (h *Webhook) receive(w http.ResponseWriter, r *http.Request, direction Direction) answer {
	if v := h.guard.Check(r); !v.OK() {
		v.SetHeader(w.Header(), realm)
		return answer{code: v.Code, outcome: refusal(v), text: v.Text}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooMany := (*http.MaxBytesError)(nil); errors.As(err, &tooMany) {
		return answer{code: http.StatusRequestEntityTooLarge, outcome: tooLarge, text: fmt.Sprintf("body exceeds %d bytes", maxBody)}
	}
	if err != nil {
		return answer{code: http.StatusBadRequest, outcome: malformed, text: "body ends too early"}
	}
	a := h.read(r, body, direction)
	if a.outcome == accepted {
		h.loop.Record(r.Context(), direction)
	}
	return a
}

// read makes sense of one body at a time: 64 KiB of JSON can take megabytes
// while they are read, and a few milliseconds.
func (h *Webhook) read(r *http.Request, body []byte, direction Direction) answer {
	h.reading.Lock()
	defer h.reading.Unlock()
	return h.classifier.answer(r, body, direction)
}

// realm is what browsers show when they ask for the token.
const realm = "autoscaler"

// refusal returns how a refused request is counted.
func refusal(v auth.Verdict) outcome {
	if v.Code == http.StatusTooManyRequests {
		return rateLimited
	}
	return refused
}

// log leaves out the URL, which may hold the token. What anybody can cause is
// logged once a second at most; the metrics count all of it.
func (h *Webhook) log(ctx context.Context, direction Direction, a answer) {
	log, level := h.faults, slog.LevelWarn
	switch {
	case a.code == http.StatusUnauthorized, a.code == http.StatusTooManyRequests:
		log = h.refusals
	case a.code == http.StatusOK && a.outcome != contradictory && a.confirm == "":
		log, level = h.loop.cfg.Logger, slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("pool", h.loop.cfg.PoolName),
		slog.String("direction", string(direction)), slog.String("outcome", string(a.outcome)), slog.String("reason", a.text),
	}
	if a.confirm != "" {
		// It is never fetched here: a webhook must not make the program call
		// addresses of its choice.
		attrs = append(attrs, slog.String("open_to_confirm", a.confirm))
	}
	log.LogAttrs(ctx, level, "webhook", attrs...)
}

// allowed answers 405 unless the method is one of those given.
func allowed(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	for _, m := range methods {
		if r.Method == m {
			return true
		}
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	plain(w, http.StatusMethodNotAllowed, "method not allowed")
	return false
}

func plain(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	fmt.Fprintln(w, text)
}
