package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/exopool/exopool/fake/domains"
)

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
	more int // times of what there was no room for
}

// A gap is something that is not emulated.
type gap struct {
	what  string
	times int
}

func (b *border) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if domains.OfVendor(r.Host) && !domains.OfAPI(r.Host) {
		b.miss("https://" + r.Host)
		refuse(w, r.Host)
		return
	}
	seen := &statusWriter{ResponseWriter: w}
	b.api.ServeHTTP(seen, r)
	if seen.status == http.StatusNotImplemented {
		b.miss(r.Method + " " + general(r.URL.EscapedPath()))
	}
}

// unheard remembers a host of the vendor that got no request of a client.
func (b *border) unheard(host, reason string) { b.miss("https://" + host + " (" + reason + ")") }

// refuse answers a request for a host that is not emulated, in the language of
// its clients, so that they show the reason.
func refuse(w http.ResponseWriter, host string) {
	reason := host + " is not emulated, and the fake cloud keeps clients from the real one"
	if !storage(host) {
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

// storage reports whether a host is one of the object storage, which has a
// label such as sos-at-vie-1, perhaps below that of a bucket.
func storage(host string) bool {
	return slices.ContainsFunc(strings.Split(host, "."), func(label string) bool {
		return label == "sos" || strings.HasPrefix(label, "sos-")
	})
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
	if len(b.gaps) == maxGaps {
		b.more++
		return
	}
	b.gaps = append(b.gaps, &gap{what, 1})
	fmt.Fprintf(b.log, "fakecloud: not emulated: %s\n", what)
}

// storageAdvice is what users of object storage can do.
const storageAdvice = `
Object storage is not emulated. If it was asked for Terraform's state: "fakecloud rehearse" gives a copy of the folder a
local state by itself; for "fakecloud exec" a file backend_override.tf beside the configuration does, with
    terraform {
      backend "local" {}
    }
Buckets and what is in them have to be left out here, by a variable say.
`

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
	if b.more > 0 {
		fmt.Fprintf(to, "%6d x something else\n", b.more)
	}
	if slices.ContainsFunc(b.gaps, func(g *gap) bool { return storage(strings.TrimPrefix(g.what, "https://")) }) {
		fmt.Fprint(to, storageAdvice)
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
