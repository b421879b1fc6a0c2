package main

import (
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
)

// controlPath is where an instance is told what is not part of the API.
const controlPath = "/fakecloud/"

// A fault is an [exoapi.Fault] on its way between the command and the instance.
type fault struct {
	Number    int           `json:"number"` // to remove it by
	Name      string        `json:"name"`
	Operation string        `json:"operation"`
	Count     int           `json:"count"`
	Duration  time.Duration `json:"duration"` // nanoseconds
	Keep      int           `json:"keep"`
}

// A control changes and watches a cloud, for whoever knows the token.
type control struct {
	cloud *exoapi.Cloud
	token string
}

func newControl(cloud *exoapi.Cloud, contact contact) http.Handler {
	c := &control{cloud: cloud, token: contact.Token}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+controlPath+"faults", c.list)
	mux.HandleFunc("POST "+controlPath+"faults", c.add)
	mux.HandleFunc("DELETE "+controlPath+"faults/{id}", c.remove)
	mux.HandleFunc("DELETE "+controlPath+"faults", c.clear)
	mux.HandleFunc("GET "+controlPath+"calls", c.calls)
	return c.guarded(mux)
}

// guarded refuses everyone but this program. Browsers are told apart besides:
// a web page could otherwise try, by way of a name that it made point here.
func (c *control) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := []byte("Bearer " + c.token)
		switch {
		case r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" || !isLoopback(r.Host):
			http.Error(w, "not for browsers", http.StatusForbidden)
		case subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), token) != 1:
			http.Error(w, "wrong token", http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

func (c *control) list(w http.ResponseWriter, _ *http.Request) {
	faults := []fault{}
	for number, f := range c.cloud.Faults().All() {
		faults = append(faults, fault{number, f.Name, f.Operation, f.Count, f.Duration, f.Keep})
	}
	reply(w, faults)
}

func (c *control) add(w http.ResponseWriter, r *http.Request) {
	var f fault
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&f); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	id, err := c.cloud.Faults().Add(exoapi.Fault{
		Name: f.Name, Operation: f.Operation, Count: f.Count, Duration: f.Duration, Keep: f.Keep,
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, id)
}

func (c *control) remove(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		http.Error(w, "a fault has a number", http.StatusBadRequest)
		return
	}
	c.cloud.Faults().Remove(id)
	reply(w, nil)
}

func (c *control) clear(w http.ResponseWriter, _ *http.Request) {
	c.cloud.Faults().Clear()
	reply(w, nil)
}

func (c *control) calls(w http.ResponseWriter, _ *http.Request) { reply(w, c.cloud.Calls()) }

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		// The client went away, which is its own affair.
		return
	}
}
