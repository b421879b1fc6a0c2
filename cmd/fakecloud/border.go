package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"
)

// realCloud is the domain of the API, and of everything else that is Exoscale's.
const realCloud = "exoscale.com"

// maxGaps bounds what a border remembers.
const maxGaps = 100

// A border is where requests for the cloud arrive. It refuses the hosts that
// are not the API's, such as those of the object storage, and remembers what
// clients asked for and did not get because nobody emulates it.
type border struct {
	api http.Handler
	log io.Writer

	mu   sync.Mutex
	gaps []*gap
}

// A gap is something that is not emulated.
type gap struct {
	what  string
	times int
}

func (b *border) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if host, ok := otherService(r.Host); ok {
		b.miss("https://" + host)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		reason := host + " is not emulated, and the fake cloud keeps clients from the real one"
		_ = json.NewEncoder(w).Encode(map[string]string{"message": reason}) // the client may have left
		return
	}
	seen := &statusWriter{ResponseWriter: w}
	b.api.ServeHTTP(seen, r)
	if seen.status == http.StatusNotImplemented {
		b.miss(r.Method + " " + general(r.URL.EscapedPath()))
	}
}

// otherService tells whether a request is for a service of Exoscale other than
// its API.
func otherService(hostport string) (host string, ok bool) {
	host = hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	name, below := strings.CutSuffix(host, "."+realCloud)
	if !below {
		return host, host == realCloud
	}
	return host, strings.Contains(name, ".") || (name != "api" && !strings.HasPrefix(name, "api-"))
}

// general makes paths about different things, or in different zones, equal.
func general(path string) string {
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

// miss remembers a gap, and tells of it when it is new.
func (b *border) miss(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, known := range b.gaps {
		if known.what == what {
			known.times++
			return
		}
	}
	if len(b.gaps) < maxGaps {
		b.gaps = append(b.gaps, &gap{what, 1})
		fmt.Fprintf(b.log, "fakecloud: not emulated: %s\n", what)
	}
}

// report tells what a command asked for and did not get, if anything.
func (b *border) report(to io.Writer, command string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.gaps) == 0 {
		return
	}
	slices.SortFunc(b.gaps, func(a, b *gap) int { return strings.Compare(a.what, b.what) })
	fmt.Fprintf(to, "\nfakecloud: %s asked for things that are not emulated:\n", command)
	for _, g := range b.gaps {
		fmt.Fprintf(to, "%6d x %s\n", g.times, g.what)
	}
}

// A statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
