package control

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/internal/loopback"
)

// Path is where the control API begins.
const Path = "/fakecloud/"

// Version is that of the control API. It changes when a client that was written
// for it could fail: not for paths and fields that are added.
const Version = 1

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

// calls is an [exoapi.Calls] as it is sent.
type calls struct {
	Total       int                       `json:"total"`
	ByOperation map[string]int            `json:"by_operation"`
	ByClient    map[string]map[string]int `json:"by_client"`
}

// A Cloud is what is controlled: an [exoapi.Cloud].
type Cloud interface {
	Faults() *exoapi.Faults
	Calls() exoapi.Calls
	Exchanges(ctx context.Context, after int) []exoapi.Exchange
	Reset() error
	Save(w io.Writer) error
	Load(state []byte) error
	Speed() float64
	SetSpeed(speed float64) error
	CanSetSpeed() error
	Passed() time.Duration
}

type handler struct {
	cloud  Cloud
	token  string
	routes []string // methods and paths
}

// NewHandler returns the control API of a cloud, for clients with the token.
func NewHandler(cloud Cloud, token string) http.Handler {
	h := &handler{cloud: cloud, token: token}
	routes := []route{
		{"GET " + Path + "{$}", h.index},
		{"GET " + Path + "faults", h.listFaults},
		{"POST " + Path + "faults", h.addFault},
		{"DELETE " + Path + "faults/{number}", h.removeFault},
		{"DELETE " + Path + "faults", h.clearFaults},
		{"GET " + Path + "calls", h.calls},
		{"GET " + Path + "exchanges", h.exchanges},
		{"GET " + Path + "clock", h.showClock},
		{"PUT " + Path + "clock", h.setClock},
		{"POST " + Path + "reset", h.reset},
		{"GET " + Path + "state", h.save},
		{"PUT " + Path + "state", h.load},
	}
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.HandleFunc(r.pattern, r.handle)
		h.routes = append(h.routes, strings.TrimSuffix(r.pattern, "{$}"))
	}
	return h.authorize(mux)
}

// A route is a pattern of [http.ServeMux] and what answers there.
type route struct {
	pattern string
	handle  http.HandlerFunc
}

// index answers what there is.
func (h *handler) index(w http.ResponseWriter, _ *http.Request) {
	reply(w, struct {
		Version int      `json:"version"`
		Routes  []string `json:"routes"`
	}{Version, h.routes})
}

// authorize refuses clients without the token, and browsers in any case: a web
// page could otherwise try, under a host name that it points here.
func (h *handler) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := []byte("Bearer " + h.token)
		switch {
		case r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "":
			http.Error(w, "not for browsers", http.StatusForbidden)
		case !loopback.IsAddrPort(r.Host):
			http.Error(w, "not for names: use the address in FAKECLOUD_URL", http.StatusForbidden)
		case subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), token) != 1:
			http.Error(w, "wrong token: FAKECLOUD_TOKEN belongs into the header Authorization, after Bearer", http.StatusUnauthorized)
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
	number, err := strconv.Atoi(r.PathValue("number"))
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

func (h *handler) calls(w http.ResponseWriter, _ *http.Request) { reply(w, calls(h.cloud.Calls())) }

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
