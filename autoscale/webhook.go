package autoscale

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

// maxBody bounds the body of a webhook, in bytes. Real ones have about 2 KiB.
const maxBody = 1 << 20

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
//	413  a body of more than 1 MiB
//	415  a content type that no sender of webhooks uses, or a page or a file
//
// Nothing is answered with 5xx, because senders repeat those.
type Webhook struct {
	loop  *Loop
	token token
	judge judge
}

// NewWebhook returns a handler that records for loop. With a secret that is
// not empty, a request must bring it as bearer token, as the password of basic
// authentication, or in the query as "token".
func NewWebhook(loop *Loop, secret string) *Webhook {
	return &Webhook{loop: loop, token: newToken(secret)}
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
	if answer.code == http.StatusUnauthorized {
		unauthorized(w)
		return
	}
	plain(w, answer.code, answer.text)
}

func unauthorized(w http.ResponseWriter) {
	w.Header().Add("WWW-Authenticate", `Bearer realm="autoscaler"`)
	w.Header().Add("WWW-Authenticate", `Basic realm="autoscaler"`)
	plain(w, http.StatusUnauthorized, "token is wrong or missing")
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
	if !h.token.allows(r) {
		return answer{code: http.StatusUnauthorized, outcome: refused, text: "token is wrong or missing"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooMany := (*http.MaxBytesError)(nil); errors.As(err, &tooMany) {
		return answer{code: http.StatusRequestEntityTooLarge, outcome: tooLarge, text: fmt.Sprintf("body exceeds %d bytes", maxBody)}
	}
	if err != nil {
		return answer{code: http.StatusBadRequest, outcome: malformed, text: "body ends too early"}
	}
	a := h.judge.answer(r, body, direction)
	if a.outcome == accepted {
		h.loop.Record(r.Context(), direction)
	}
	return a
}

// log leaves out the URL, which may hold the token.
func (h *Webhook) log(ctx context.Context, direction Direction, a answer) {
	level := slog.LevelWarn
	if a.code == http.StatusOK && a.outcome != contradictory && a.confirm == "" {
		level = slog.LevelDebug
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
	h.loop.cfg.Logger.LogAttrs(ctx, level, "webhook", attrs...)
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
	fmt.Fprintln(w, text) //nolint:gosec // plain text, which no browser takes for a page
}
