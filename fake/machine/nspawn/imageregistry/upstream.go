package imageregistry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"syscall"
	"time"
)

// Limits on the way to real registries. Without internet, machines should
// notice that in seconds.
const (
	connectTimeout = 5 * time.Second
	headerTimeout  = time.Minute
	// unreachableFor is how long a registry that could not be reached is not
	// tried again.
	unreachableFor = 10 * time.Second
)

// An upstream passes requests on to the real registries, with all that they say:
// where to get a token, where a blob is.
type upstream struct {
	http.Handler

	transport http.RoundTripper
	failures  *failures

	mu          sync.Mutex
	unreachable map[string]unreachable // by host
}

type unreachable struct {
	err   error
	until time.Time
}

func newUpstream(cfg Config, failures *failures) *upstream {
	transport := cfg.Upstream
	if transport == nil {
		transport = &http.Transport{
			Proxy: cfg.Proxy, DialContext: (&net.Dialer{Timeout: connectTimeout}).DialContext,
			TLSHandshakeTimeout: connectTimeout, ResponseHeaderTimeout: headerTimeout,
			ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute, DisableCompression: true,
		}
	}
	u := &upstream{transport: transport, failures: failures, unreachable: map[string]unreachable{}}
	u.Handler = &httputil.ReverseProxy{Rewrite: rewrite, Transport: u, ModifyResponse: u.note, ErrorHandler: u.fail}
	return u
}

// rewrite has a request go to the real registry.
func rewrite(p *httputil.ProxyRequest) {
	a := askedOf(p.In.Context())
	p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = "https", a.host, a.host
}

func (u *upstream) close() {
	if idle, ok := u.transport.(interface{ CloseIdleConnections() }); ok {
		idle.CloseIdleConnections()
	}
}

func askedOf(ctx context.Context) asked {
	a, _ := ctx.Value(askedKey{}).(asked)
	return a
}

// RoundTrip asks a registry, unless there was no way to it just now.
func (u *upstream) RoundTrip(req *http.Request) (*http.Response, error) {
	host := req.URL.Host
	u.mu.Lock()
	last, failed := u.unreachable[host]
	u.mu.Unlock()
	if failed && time.Now().Before(last.until) {
		return nil, last.err
	}
	resp, err := u.transport.RoundTrip(req)
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case err == nil:
		delete(u.unreachable, host)
	case req.Context().Err() == nil: // and not because the client left
		u.unreachable[host] = unreachable{err, time.Now().Add(unreachableFor)}
	}
	return resp, err
}

// note remembers what a registry refused, and forgets what it gave at last.
func (u *upstream) note(resp *http.Response) error {
	a := askedOf(resp.Request.Context())
	if a.kind != "manifests" {
		return nil
	}
	// Without a token, this is how a registry asks for one.
	challenge := resp.StatusCode == http.StatusUnauthorized && resp.Request.Header.Get("Authorization") == ""
	switch code := resp.StatusCode; {
	case challenge:
	case code < http.StatusBadRequest:
		u.failures.forget(a.machine, a.image())
	case code == http.StatusNotFound:
		u.failures.remember(a.machine, a.image(), a.host+" has no such image")
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		u.failures.remember(a.machine, a.image(), a.host+" denies it: it does not exist, or is not public")
	case code == http.StatusTooManyRequests:
		u.failures.remember(a.machine, a.image(), a.host+" limits pulls from this address (429)")
	default:
		u.failures.remember(a.machine, a.image(), fmt.Sprintf("%s answers %s", a.host, resp.Status))
	}
	return nil
}

// fail answers in place of a registry that cannot be reached.
// Engines ask first whether there is a registry, which is true: what was given
// is served without internet, too. They try an image that is not found once, and
// show the reason; after any other answer they would try for minutes.
func (u *upstream) fail(w http.ResponseWriter, req *http.Request, err error) {
	if req.Context().Err() != nil {
		return // the client has left
	}
	a := askedOf(req.Context())
	reason := reasonOf(err, a.host)
	code, status := "UNAVAILABLE", http.StatusBadGateway
	switch a.kind {
	case "manifests":
		u.failures.remember(a.machine, a.image(), reason)
		code, status = "MANIFEST_UNKNOWN", http.StatusNotFound
		reason += "; " + remedy(a.image())
	case "blobs":
		code, status = "BLOB_UNKNOWN", http.StatusNotFound
	}
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	w.Header().Set("Content-Type", "application/json")
	if a.ping {
		_, _ = w.Write([]byte("{}"))
		return
	}
	w.WriteHeader(status)
	type problem struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	_ = json.NewEncoder(w).Encode(map[string][]problem{"errors": {{code, reason}}}) // the client may have left
}

// reasonOf says in short why a host cannot be reached.
func reasonOf(err error, host string) string {
	var lookup *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &lookup):
		return "no address of " + host + " can be found"
	case errors.As(err, &timeout) && timeout.Timeout():
		return host + " does not answer"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "no route to " + host
	}
	return fmt.Sprintf("%s cannot be reached (%v)", host, err)
}
