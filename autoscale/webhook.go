package autoscale

import (
	"bytes"
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
//	400  malformed JSON under a JSON content type
//	401  the token is wrong or missing
//	404  another path
//	405  another method than GET and POST
//	413  a body of more than 1 MiB
//
// Nothing is answered with 5xx, because senders repeat those.
type Webhook struct {
	loop  *Loop
	token token
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
		w.Header().Add("WWW-Authenticate", `Bearer realm="autoscaler"`)
		w.Header().Add("WWW-Authenticate", `Basic realm="autoscaler"`)
	}
	plain(w, answer.code, answer.text)
}

// answer is what a webhook gets. Its text never repeats what was sent beyond
// the kind of mistake in it.
type answer struct {
	code    int
	outcome outcome
	text    string
}

func (h *Webhook) receive(w http.ResponseWriter, r *http.Request, direction Direction) answer {
	if !h.token.allows(r) {
		return answer{http.StatusUnauthorized, refused, "token is wrong or missing"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooMany := (*http.MaxBytesError)(nil); errors.As(err, &tooMany) {
		return answer{http.StatusRequestEntityTooLarge, tooLarge, fmt.Sprintf("body exceeds %d bytes", maxBody)}
	}
	if err != nil {
		return answer{http.StatusBadRequest, malformed, "body ends too early"}
	}
	if len(bytes.TrimSpace(body)) > 0 {
		p, err := parsePayload(body)
		if err != nil && isJSON(r.Header.Get("Content-Type")) {
			return answer{http.StatusBadRequest, malformed, "body is not valid: " + err.Error()}
		}
		// Without a JSON content type an unreadable body is not for us: the
		// path is the message.
		if why := p.ignoredBecause(); err == nil && why != "" {
			return answer{http.StatusOK, ignored, "ignored: " + why}
		}
	}
	h.loop.Record(r.Context(), direction)
	return answer{http.StatusOK, accepted, "recorded: " + string(direction)}
}

// log leaves out the URL, which may hold the token.
func (h *Webhook) log(ctx context.Context, direction Direction, a answer) {
	level := slog.LevelWarn
	if a.code == http.StatusOK {
		level = slog.LevelDebug
	}
	h.loop.cfg.Logger.LogAttrs(ctx, level, "webhook", slog.String("pool", h.loop.cfg.PoolName),
		slog.String("direction", string(direction)), slog.String("outcome", string(a.outcome)), slog.String("reason", a.text))
}

// isJSON reads only the media type: parameters may be missing or malformed.
func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	return media == "application/json" || strings.HasSuffix(media, "+json")
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
