package exoapi

import (
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// An eventLog keeps the latest changes, refused ones included.
type eventLog struct {
	mu     sync.Mutex
	events []eventView
	times  []time.Time
}

// eventLogLength is how many changes are remembered.
const eventLogLength = 1000

type eventView struct {
	Timestamp  string            `json:"timestamp"`
	Handler    string            `json:"handler"`
	URI        string            `json:"uri"`
	Status     int               `json:"status"`
	Zone       string            `json:"zone"`
	SourceIP   string            `json:"source-ip"`
	ElapsedMS  int64             `json:"elapsed-ms"`
	PathParams map[string]string `json:"path-params"`
	APIKey     *apiKeyView       `json:"iam-api-key,omitempty"`
}

type apiKeyView struct {
	Key string `json:"key"`
}

// eventOf leaves out bodies: user data may hold secrets.
func eventOf(
	hr *http.Request, rt *route, zone, key string, status int, params map[string]string, from, to time.Time,
) eventView {
	if params == nil {
		params = map[string]string{}
	}
	e := eventView{
		Timestamp:  from.UTC().Format(time.RFC3339),
		Handler:    rt.OperationID,
		URI:        hr.URL.EscapedPath(),
		Status:     status,
		Zone:       zone,
		SourceIP:   sourceIP(hr),
		ElapsedMS:  max(1, to.Sub(from).Milliseconds()),
		PathParams: params,
	}
	if key != "" {
		e.APIKey = &apiKeyView{key}
	}
	return e
}

// sourceIP is where the request came from.
func sourceIP(hr *http.Request) string {
	source, _, err := net.SplitHostPort(hr.RemoteAddr)
	if err != nil {
		return hr.RemoteAddr
	}
	return source
}

func (l *eventLog) add(e eventView) {
	at, err := time.Parse(time.RFC3339, e.Timestamp)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.events) >= 2*eventLogLength {
		l.events = append([]eventView(nil), l.events[eventLogLength:]...)
		l.times = append([]time.Time(nil), l.times[eventLogLength:]...)
	}
	l.events = append(l.events, e)
	l.times = append(l.times, at)
}

func (l *eventLog) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events, l.times = nil, nil
}

func (l *eventLog) between(from, to time.Time) []eventView {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := []eventView{}
	for i, at := range l.times {
		if !at.Before(from) && !at.After(to) {
			found = append(found, l.events[i])
		}
	}
	return found
}

func (l *eventLog) declare(w *world.World) resource {
	return resource{
		service: serviceAudit,
		routes: []*route{
			get("/event", "list-events", func(r *request) (any, error) { return l.list(r, w.Now()) }),
		},
	}
}

// list answers with the last day unless the query names another time. The
// answer is a bare array, the only one of the API.
func (l *eventLog) list(r *request, to time.Time) (any, error) {
	from := to.Add(-24 * time.Hour)
	for name, t := range map[string]*time.Time{"from": &from, "to": &to} {
		text := r.query.Get(name)
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, wire.Invalid("bad request: %s must be a date and time", name)
		}
		*t = at
	}
	return l.between(from, to), nil
}
