package member

import (
	"net/http"
	"time"
)

// idleTimeout is how long a connection without requests outlives the wish that it
// ends. One that is closed at once would take a request with it that is on its
// way; the next answer can ask the client to leave.
const idleTimeout = 2 * time.Second

// An answer says that it is the last one of its connection, if it is.
type answer struct {
	http.ResponseWriter

	last func() bool
}

func (a answer) WriteHeader(status int) {
	a.sayLast()
	a.ResponseWriter.WriteHeader(status)
}

func (a answer) Write(text []byte) (int, error) {
	a.sayLast()
	return a.ResponseWriter.Write(text)
}

func (a answer) sayLast() {
	if a.last() {
		a.Header().Set("Connection", "close")
	}
}

// lastAnswers reports whether the next answer on each connection is its last.
func (d *drainer) lastAnswers() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ending || d.stopped && d.draining()
}

// closeIdle closes the connections that have been idle since the application was
// told to end, unless its drain has ended. The drainer is told of them.
func (d *drainer) closeIdle() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped && d.draining() {
		d.server.SetKeepAlivesEnabled(false)
	}
}

// end makes the next answer on each connection its last. It returns when no client
// keeps a connection without a request, and not before the lame duck is over, or
// after the limit.
func (d *drainer) end(limit time.Duration) {
	d.mu.Lock()
	d.ending = true
	d.mu.Unlock()
	ticker := time.NewTicker(lameDuck)
	defer ticker.Stop()
	for passed := lameDuck; ; passed += lameDuck {
		<-ticker.C
		if passed >= limit || !d.keeps() {
			return
		}
	}
}

// keeps reports whether a client keeps a connection without a request.
func (d *drainer) keeps() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.open {
		if c.idle && !c.check {
			return true
		}
	}
	return false
}
