package member

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxDrain  = 600 // seconds
	maxChecks = 200
)

// A drainer is what members of an installation have beside the application,
// terraform/files/member/drain.py, for a process: it fails the health check, as
// it cannot refuse connections, and counts the connections that it is told of.
type drainer struct {
	server *http.Server // of the application

	mu      sync.Mutex
	until   time.Time
	stopped bool // the next answer on each connection is its last, until the drain ends
	ending  bool // likewise, for good
	open    map[net.Conn]use
}

// A use is what a connection is used for.
type use struct {
	check bool // the last request on it was a health check
	idle  bool // it has been answered
}

// newDrainer returns the drainer of an application, and its server.
func newDrainer(application http.Handler) (*drainer, *http.Server) {
	d := &drainer{server: &http.Server{ReadHeaderTimeout: headerTimeout}, open: map[net.Conn]use{}}
	d.server.Handler, d.server.ConnContext, d.server.ConnState = d.application(application), withConn, d.note
	return d, d.server
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

func withConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// note keeps which connections are open.
func (d *drainer) note(conn net.Conn, state http.ConnState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch state {
	case http.StateNew:
		d.open[conn] = use{}
	case http.StateIdle:
		d.open[conn] = use{check: d.open[conn].check, idle: true}
	case http.StateHijacked, http.StateClosed:
		delete(d.open, conn)
	case http.StateActive: // its request is noted
	}
}

// application serves the application, of which health checks fail during a drain.
func (d *drainer) application(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		check := r.URL.Path == "/health"
		if d.began(r, check) && check {
			w.Header().Set("Connection", "close")
			http.Error(w, "draining", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(answer{w, d.lastAnswers}, r)
	})
}

// began notes a request, and reports whether there is a drain.
func (d *drainer) began(r *http.Request, check bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if conn, ok := r.Context().Value(connKey{}).(net.Conn); ok {
		d.open[conn] = use{check: check}
	}
	draining := d.draining()
	if d.stopped && !draining {
		d.stopped = false
		d.server.SetKeepAlivesEnabled(true)
	}
	return draining
}

// draining reports whether there is a drain; the caller holds the lock.
func (d *drainer) draining() bool { return time.Now().Before(d.until) }

// connections counts those of clients; the caller holds the lock.
func (d *drainer) connections() int {
	n := 0
	for _, c := range d.open {
		if !c.check {
			n++
		}
	}
	return n
}

// ServeHTTP implements [http.Handler] as drain.py does.
func (d *drainer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, answer := d.obey(r)
	if r.Method == http.MethodPost && status == http.StatusOK {
		time.AfterFunc(idleTimeout, d.closeIdle)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // a client that left needs no answer
}

// obey does what a request asks for and returns the answer.
func (d *drainer) obey(r *http.Request) (status int, answer map[string]any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch r.Method + " " + r.URL.Path {
	case "GET /drain":
	case "PUT /drain":
		query := r.URL.Query()
		seconds, ok := parseSeconds(query.Get("seconds"))
		if !ok || !validChecks(query.Get("checks")) {
			return http.StatusBadRequest, map[string]any{"error": "seconds or checks: wrong"}
		}
		d.until = time.Now().Add(seconds)
	case "DELETE /drain":
		d.until = time.Time{}
	case "POST /stop":
		if !d.draining() {
			return http.StatusConflict, map[string]any{"error": "there is no drain"}
		}
		d.stopped = true
	default:
		return http.StatusNotFound, map[string]any{"error": "there are GET, PUT and DELETE /drain, and POST /stop"}
	}
	return http.StatusOK, map[string]any{"draining": d.draining(), "connections": d.connections()}
}

func parseSeconds(text string) (time.Duration, bool) {
	n, err := strconv.Atoi(text)
	return time.Duration(n) * time.Second, err == nil && 1 <= n && n <= maxDrain
}

func validChecks(text string) bool {
	words := strings.Split(text, ",")
	for _, word := range words {
		if network, err := netip.ParsePrefix(word); err != nil || !network.Addr().Is4() || network != network.Masked() {
			return false
		}
	}
	return len(words) <= maxChecks
}
