package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	// keepaliveInterval is how often a comment is sent while nothing changes.
	keepaliveInterval = 15 * time.Second
	// writeTimeout is how long a browser may take to accept one message; one
	// that stalls for longer reconnects by itself and starts again.
	writeTimeout = 10 * time.Second
)

// stream sends updates as they come. A slow browser gets fewer and larger
// ones: while a message is being written, the next gathers in the hub.
func (p *page) stream(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	s := sender{w: w, rc: http.NewResponseController(w)}

	sub := p.hub.Subscribe()
	defer sub.Close()
	keepalive := time.NewTicker(keepaliveInterval)
	defer keepalive.Stop()

	var err error
	for err == nil {
		select {
		case <-r.Context().Done():
			return
		case <-sub.Done():
			if err = s.update(sub.Take()); err == nil {
				err = s.send("event: end\ndata: {}\n\n")
			}
			p.logEnd(r, err)
			return
		case <-sub.Changed():
			err = s.update(sub.Take())
		case <-keepalive.C:
			err = s.send(": keepalive\n\n")
		}
	}
	p.logEnd(r, err)
}

func (p *page) logEnd(r *http.Request, err error) {
	if err != nil {
		p.logger.DebugContext(r.Context(), "stream to a page ended", "err", err)
	}
}

// A sender writes messages, each within its own deadline.
type sender struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func (s sender) update(u Update) error {
	data, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("encode update: %w", err)
	}
	return s.send("event: update\nretry: 1000\ndata: " + string(data) + "\n\n")
}

func (s sender) send(message string) error {
	// A writer without deadlines, such as a recorder in a test, never stalls.
	if err := s.rc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("set write deadline: %w", err)
	}
	if _, err := s.w.Write([]byte(message)); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	if err := s.rc.Flush(); err != nil {
		return fmt.Errorf("flush event: %w", err)
	}
	return nil
}
