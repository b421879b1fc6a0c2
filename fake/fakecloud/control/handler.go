package control

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/internal/loopback"
)

// Path is where the control API begins.
const Path = "/fakecloud/"

// maxBody is more than any fault needs, in bytes.
const maxBody = 64 << 10

const (
	// maxWait is how long an answer waits for exchanges.
	maxWait = 2 * time.Second
	// maxExchanges bounds an answer: each exchange has two bodies of 4 KiB at most.
	maxExchanges = 50
)

// A Fault is an [exoapi.Fault] that has been added to a cloud.
type Fault struct {
	Number    int           `json:"number"` // to remove it by; set by the server
	Name      string        `json:"name"`
	Operation string        `json:"operation"`
	Count     int           `json:"count"`
	Duration  time.Duration `json:"duration"` // nanoseconds
	Keep      int           `json:"keep"`
}

// A Cloud is what is controlled: an [exoapi.Cloud].
type Cloud interface {
	Faults() *exoapi.Faults
	Calls() exoapi.Calls
	Exchanges(ctx context.Context, after int) []exoapi.Exchange
	Reset() error
	Save(w io.Writer) error
	Load(state []byte) error
}

type handler struct {
	cloud Cloud
	token string
}

// NewHandler returns the control API of a cloud, for clients with the token.
func NewHandler(cloud Cloud, token string) http.Handler {
	h := &handler{cloud: cloud, token: token}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"faults", h.listFaults)
	mux.HandleFunc("POST "+Path+"faults", h.addFault)
	mux.HandleFunc("DELETE "+Path+"faults/{id}", h.removeFault)
	mux.HandleFunc("DELETE "+Path+"faults", h.clearFaults)
	mux.HandleFunc("GET "+Path+"calls", h.calls)
	mux.HandleFunc("GET "+Path+"exchanges", h.exchanges)
	mux.HandleFunc("POST "+Path+"reset", h.reset)
	mux.HandleFunc("GET "+Path+"state", h.save)
	mux.HandleFunc("PUT "+Path+"state", h.load)
	return h.authorize(mux)
}

// authorize refuses clients without the token, and browsers in any case: a web
// page could otherwise try, under a host name that it points here.
func (h *handler) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := []byte("Bearer " + h.token)
		switch {
		case r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" || !loopback.IsAddrPort(r.Host):
			http.Error(w, "not for browsers", http.StatusForbidden)
		case subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), token) != 1:
			http.Error(w, "wrong token", http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (h *handler) listFaults(w http.ResponseWriter, _ *http.Request) {
	faults := []Fault{}
	for number, f := range h.cloud.Faults().All() {
		faults = append(faults, Fault{number, f.Name, f.Operation, f.Count, f.Duration, f.Keep})
	}
	reply(w, faults)
}

func (h *handler) addFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&f); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	number, err := h.cloud.Faults().Add(exoapi.Fault{
		Name: f.Name, Operation: f.Operation, Count: f.Count, Duration: f.Duration, Keep: f.Keep,
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, number)
}

func (h *handler) removeFault(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		http.Error(w, "a fault has a number", http.StatusBadRequest)
		return
	}
	h.cloud.Faults().Remove(number)
	reply(w, nil)
}

func (h *handler) clearFaults(w http.ResponseWriter, _ *http.Request) {
	h.cloud.Faults().Clear()
	reply(w, nil)
}

func (h *handler) calls(w http.ResponseWriter, _ *http.Request) { reply(w, h.cloud.Calls()) }

// exchanges answers with what came after the exchange with a number; without any,
// it waits a little.
func (h *handler) exchanges(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.Atoi(r.URL.Query().Get("after"))
	if err != nil || after < 0 {
		http.Error(w, "after is the number of an exchange, or 0", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), maxWait)
	defer cancel()
	list := h.cloud.Exchanges(ctx, after)
	if len(list) > maxExchanges {
		list = list[:maxExchanges]
	}
	reply(w, append([]exoapi.Exchange{}, list...))
}

func (h *handler) reset(w http.ResponseWriter, _ *http.Request) {
	if err := h.cloud.Reset(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	reply(w, nil)
}

// save answers with the state as it is.
func (h *handler) save(w http.ResponseWriter, _ *http.Request) {
	var state bytes.Buffer
	if err := h.cloud.Save(&state); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	_, _ = state.WriteTo(w) // the client may have left
}

func (h *handler) load(w http.ResponseWriter, r *http.Request) {
	state, err := io.ReadAll(http.MaxBytesReader(w, r.Body, exoapi.MaxState))
	if err == nil {
		err = h.cloud.Load(state)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	reply(w, nil)
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client may have left
}
