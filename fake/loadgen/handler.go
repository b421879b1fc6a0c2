package loadgen

import (
	"context"
	"io"
	"net/http"
)

// A CPU is what /load occupies.
type CPU interface {
	// Burn occupies the CPU for one request and returns nil when the request
	// is served. It may wait its turn. When ctx ends it stops at once and
	// returns the context's error. It is called by many goroutines at a time.
	Burn(ctx context.Context) error
}

// NewHandler returns the application: GET /load occupies cpu and then answers
// 200, GET /health answers 200 with the body "OK" and nothing else, without
// asking the CPU, and GET / says what this is. GET /healthz is the same as
// /health, under the name that it has in other programs. HEAD is allowed like
// GET; other methods are answered 405 and other paths 404.
func NewHandler(cpu CPU) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /load", func(w http.ResponseWriter, r *http.Request) {
		if err := cpu.Burn(r.Context()); err != nil {
			// Only a client that left, or a server that stops, ends a burn
			// early; the status is for the access log of a proxy between.
			http.Error(w, "load was cut short", http.StatusServiceUnavailable)
			return
		}
		text(w, "load served\n")
	})
	for _, pattern := range []string{"GET /health", "GET /healthz"} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { text(w, "OK") })
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		text(w, "HTTP load generator: GET /load occupies the CPU, GET /health answers OK.\n")
	})
	return mux
}

// text answers 200 with a plain body. A client that left in the meantime makes
// the write fail, which needs no report.
func text(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, body)
}
