package exoapi

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// A journal keeps the latest changes, refused ones included.
type journal struct {
	mu     sync.Mutex
	events []eventView
	times  []time.Time
}

// journalLength is how many changes are remembered.
const journalLength = 1000

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

func (j *journal) add(e eventView) {
	at, err := time.Parse(time.RFC3339, e.Timestamp)
	if err != nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.events) >= 2*journalLength {
		j.events = append([]eventView(nil), j.events[journalLength:]...)
		j.times = append([]time.Time(nil), j.times[journalLength:]...)
	}
	j.events = append(j.events, e)
	j.times = append(j.times, at)
}

func (j *journal) between(from, to time.Time) []eventView {
	j.mu.Lock()
	defer j.mu.Unlock()
	found := []eventView{}
	for i, at := range j.times {
		if !at.Before(from) && !at.After(to) {
			found = append(found, j.events[i])
		}
	}
	return found
}

// listEvents answers the last day unless told otherwise. The answer is a bare
// array, the only one of the API.
func listEvents(r *request) (any, error) {
	to := r.world.now
	from := to.Add(-24 * time.Hour)
	for name, t := range map[string]*time.Time{"from": &from, "to": &to} {
		text := r.query.Get(name)
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, invalid("bad request: %s must be a date and time", name)
		}
		*t = at
	}
	return r.events.between(from, to), nil
}
