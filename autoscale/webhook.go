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

	"github.com/exopool/exopool/autoscale/internal/webhook"
	"github.com/exopool/exopool/internal/auth"
	"github.com/exopool/exopool/internal/lograte"
)

// maxBody bounds the body of a webhook, in bytes. Real ones have about 2 KiB.
const maxBody = 64 << 10

// logInterval is the shortest time between two log lines about webhooks that are
// refused, and between two about others that are wrong.
const logInterval = time.Second

// A webhookHandler receives what alerting sends to /up and /down. It records and
// answers; the [Loop] acts, so that a slow provider never makes a sender time
// out and send again.
type webhookHandler struct {
	loop          *Loop
	guard         *auth.Guard
	reader        webhook.Reader
	reading       sync.Mutex
	refusalLogger *slog.Logger // 401 and 429
	mistakeLogger *slog.Logger // all others that are wrong
}

func newWebhookHandler(loop *Loop, guard *auth.Guard, alerts map[Direction][]string) *webhookHandler {
	h := &webhookHandler{
		loop: loop, guard: guard,
		refusalLogger: lograte.Logger(loop.cfg.Logger, logInterval),
		mistakeLogger: lograte.Logger(loop.cfg.Logger, logInterval),
	}
	if alerts != nil {
		h.reader.Alerts = map[string][]string{webhook.Up: alerts[Up], webhook.Down: alerts[Down]}
	}
	return h
}

func (h *webhookHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// An alert is not lost to a slash too many.
	direction := Direction(strings.Trim(r.URL.Path, "/"))
	if direction != Up && direction != Down {
		http.NotFound(w, r)
		return
	}
	if !checkMethod(w, r, http.MethodGet, http.MethodPost) {
		return
	}
	answer := h.receive(w, r, direction)
	h.loop.metrics.countWebhook(direction, answer.Outcome)
	h.log(r.Context(), direction, answer)
	plain(w, answer.Code, answer.Text)
}

func (h *webhookHandler) receive(w http.ResponseWriter, r *http.Request, direction Direction) webhook.Answer {
	if v := h.guard.Check(r); !v.OK() {
		v.SetHeader(w.Header(), realm)
		return webhook.Answer{Code: v.Code, Outcome: refusal(v), Text: v.Text}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooMany := (*http.MaxBytesError)(nil); errors.As(err, &tooMany) {
		return webhook.Answer{Code: http.StatusRequestEntityTooLarge, Outcome: webhook.TooLarge, Text: fmt.Sprintf("body exceeds %d bytes", maxBody)}
	}
	if err != nil {
		return webhook.Answer{Code: http.StatusBadRequest, Outcome: webhook.Malformed, Text: "body ends too early"}
	}
	a := h.read(r, body, direction)
	if a.Outcome == webhook.Accepted {
		h.loop.Record(r.Context(), direction)
	}
	return a
}

// read reads one body at a time: 64 KiB of JSON can take megabytes of memory, and
// a few milliseconds.
func (h *webhookHandler) read(r *http.Request, body []byte, direction Direction) webhook.Answer {
	h.reading.Lock()
	defer h.reading.Unlock()
	return h.reader.Read(r, body, string(direction))
}

// realm is what browsers show when they ask for the token.
const realm = "autoscaler"

// refusal returns how a refused request is counted.
func refusal(v auth.Verdict) webhook.Outcome {
	if v.Code == http.StatusTooManyRequests {
		return webhook.RateLimited
	}
	return webhook.Refused
}

// log logs a webhook, without the URL, which may hold the token. What any client
// can cause is logged once a second at most; the metrics count all of it.
func (h *webhookHandler) log(ctx context.Context, direction Direction, a webhook.Answer) {
	logger, level := h.mistakeLogger, slog.LevelWarn
	switch {
	case a.Code == http.StatusUnauthorized, a.Code == http.StatusTooManyRequests:
		logger = h.refusalLogger
	case a.Code == http.StatusOK && a.Outcome != webhook.Contradictory && a.ConfirmURL == "":
		logger, level = h.loop.cfg.Logger, slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("pool", h.loop.cfg.PoolName),
		slog.String("direction", string(direction)), slog.String("outcome", string(a.Outcome)), slog.String("reason", a.Text),
	}
	if a.ConfirmURL != "" {
		// The program never fetches it: a webhook must not make it call
		// addresses of the sender's choice.
		attrs = append(attrs, slog.String("open_to_confirm", a.ConfirmURL))
	}
	logger.LogAttrs(ctx, level, "webhook", attrs...)
}

// checkMethod reports whether the method is one of those given, and answers 405
// otherwise.
func checkMethod(w http.ResponseWriter, r *http.Request, methods ...string) bool {
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
