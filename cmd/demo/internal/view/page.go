package view

import (
	"context"
	"embed"
	"io"
	"log/slog"
	"net/http"

	"github.com/exopool/exopool/internal/loopback"
)

//go:embed static
var static embed.FS

// Controls are what users may do on the page. A nil function hides its control;
// both must be safe for concurrent use.
type Controls struct {
	// MaxClients is the upper end of the slider.
	MaxClients int
	// SetClients makes n clients ask in parallel, n from 0 to MaxClients.
	SetClients func(ctx context.Context, n int) error
	// Kill deletes the member itself, as a user might in the provider's
	// portal. It is called with names of the newest snapshot only.
	Kill func(ctx context.Context, member string) error
}

// contentSecurity lets the page load its own files and nothing else, from
// nowhere else.
const contentSecurity = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'"

// NewPage returns the web page that shows hub. It is for a listener on a
// loopback address: it answers requests for loopback names only and takes
// commands from its own page and from programs, never from another web page.
//
//	GET  /              the page, and beside it its scripts, style and icon
//	GET  /healthz       200 while it answers
//	GET  /stream        every Update as a server-sent event; ends with the hub
//	GET  /api/state     everything that the hub remembers, an Update as JSON
//	GET  /api/controls  which of the following there are
//	POST /api/load      {"clients": 10}
//	POST /api/kill      {"member": "web-1"}
//
// A stream lasts as long as its request: a server that shuts down closes the
// hub or ends the requests' context first.
func NewPage(hub *Hub, controls Controls, logger *slog.Logger) http.Handler {
	p := &page{hub: hub, controls: controls, logger: logger}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.file("index.html"))
	for _, name := range []string{"app.js", "chart.js", "commands.js", "dom.js", "graphs.js", "link.js", "members.js", "notice.js", "style.css", "icon.svg"} {
		mux.HandleFunc("GET /"+name, p.file(name))
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ok\n") // the client may have left
	})
	mux.HandleFunc("GET /stream", p.stream)
	mux.HandleFunc("GET /api/state", p.state)
	mux.HandleFunc("GET /api/controls", p.listControls)
	mux.HandleFunc("POST /api/load", p.load)
	mux.HandleFunc("POST /api/kill", p.kill)
	return loopback.RefuseOtherSites(contentSecurity, mux)
}

type page struct {
	hub      *Hub
	controls Controls
	logger   *slog.Logger
}

func (p *page) file(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, static, "static/"+name)
	}
}

func (p *page) state(w http.ResponseWriter, _ *http.Request) {
	p.respond(w, http.StatusOK, p.hub.State())
}

// listControls answers which controls the page has.
func (p *page) listControls(w http.ResponseWriter, _ *http.Request) {
	p.respond(w, http.StatusOK, map[string]any{
		"load":        p.controls.SetClients != nil,
		"kill":        p.controls.Kill != nil,
		"max_clients": p.controls.MaxClients,
	})
}
