package fakecloud

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/felixge/httpsnoop"
	"github.com/google/uuid"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/tlsproxy"
	"github.com/exopool/exopool/fake/vendordomains"
)

// maxUnsupported bounds how many different requests a front remembers.
const maxUnsupported = 100

// A front is where requests for the cloud arrive. It refuses the hosts that
// are not the API's, such as those of the object storage, and counts what
// clients ask for that is not emulated.
type front struct {
	api     http.Handler
	routeOf func(*http.Request) (exoapi.Route, bool)
	logger  *slog.Logger

	mu          sync.Mutex
	unsupported []Unsupported
	others      int // that did not fit
}

// Unsupported is something that clients asked for and that is not emulated.
type Unsupported struct {
	// Request is a method and a path, or a host as https://HOST.
	Request string
	// Operation is the id of the operation that was asked for; empty if the
	// original has none.
	Operation string
	Count     int
}

// ObjectStorage reports whether it is a host of the object storage.
func (u Unsupported) ObjectStorage() bool {
	host, ok := strings.CutPrefix(u.Request, "https://")
	return ok && isObjectStorage(host)
}

// Untrusting returns the host of the vendor to which a client connected that does not
// trust its certificate; false if it is something else that was not served.
func (u Unsupported) Untrusting() (host string, ok bool) {
	host, ok = strings.CutSuffix(u.Request, " ("+tlsproxy.Untrusted+")")
	if !ok {
		return "", false
	}
	return strings.CutPrefix(host, "https://")
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if command, ok := isV1(r); ok {
		f.add("API v1: "+command, "")
		refuseV1(w, command)
		return
	}
	if vendordomains.OfVendor(r.Host) && !vendordomains.OfAPI(r.Host) {
		f.add("https://"+r.Host, "")
		refuse(w, r.Host)
		return
	}
	if httpsnoop.CaptureMetrics(f.api, w, r).Code == http.StatusNotImplemented {
		if route, ok := f.routeOf(r); ok {
			f.add(r.Method+" /v2"+route.Path, route.OperationID)
			return
		}
		f.add(r.Method+" "+pathPattern(r.URL.EscapedPath()), "")
	}
}

// addUnserved counts a host of the vendor that got no request of a client.
func (f *front) addUnserved(host, reason string) { f.add("https://"+host+" ("+reason+")", "") }

// refuse answers a request for a host that is not emulated, in the language of
// its clients, so that they show the reason.
func refuse(w http.ResponseWriter, host string) {
	reason := host + " is not emulated, and the fake cloud keeps clients from the real one"
	if !isObjectStorage(host) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": reason}) // the client may have left
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusForbidden)
	_, _ = io.WriteString(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: "AccessDenied", Message: reason})
}

// isObjectStorage reports whether a host is one of the object storage, which has
// a label such as sos-at-vie-1, perhaps below that of a bucket.
func isObjectStorage(host string) bool {
	return slices.ContainsFunc(strings.Split(host, "."), func(label string) bool {
		return label == "sos" || strings.HasPrefix(label, "sos-")
	})
}

// pathPattern returns a path without ids and zone, so that requests for several
// resources count as the same.
func pathPattern(path string) string {
	if rest, ok := strings.CutPrefix(path, "/z/"); ok {
		_, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	parts := strings.Split(path, "/")
	for i, part := range parts {
		id, action, found := strings.Cut(part, ":")
		if uuid.Validate(id) != nil {
			continue
		}
		parts[i] = "{id}"
		if found {
			parts[i] += ":" + action
		}
	}
	return strings.Join(parts, "/")
}

// add counts a request, and logs it the first time.
func (f *front) add(request, operation string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.unsupported {
		if f.unsupported[i].Request == request {
			f.unsupported[i].Count++
			return
		}
	}
	if len(f.unsupported) == maxUnsupported {
		f.others++
		return
	}
	f.unsupported = append(f.unsupported, Unsupported{request, operation, 1})
	f.logger.Warn("not emulated", "request", request, "operation", operation)
}

// list returns everything counted, sorted, and last what did not fit.
func (f *front) list() []Unsupported {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := slices.SortedFunc(slices.Values(f.unsupported), func(a, b Unsupported) int { return strings.Compare(a.Request, b.Request) })
	if f.others > 0 {
		list = append(list, Unsupported{Request: "other requests", Count: f.others})
	}
	return list
}
