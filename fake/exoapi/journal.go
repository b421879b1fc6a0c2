package exoapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// A Recorder keeps the state of a cloud elsewhere, such as in a file. It is called
// by one goroutine at a time, while the cloud answers nothing. After an error it
// is not called again until the next Restart.
type Recorder interface {
	// Restart replaces what was kept by a whole state.
	Restart(state []byte) error
	// Append adds a change to the state.
	Append(change []byte) error
}

// maxJournal is how long the changes of a cloud may be in all, in bytes, as they
// are saved.
const maxJournal = MaxState - 1<<20

// A journal keeps the changes since the cloud began: together with the settings
// they are its state, since everything else follows from them.
type journal struct {
	began   time.Time
	changes int    // made, kept or not
	text    []byte // the entries, a line each
	full    bool
	faults  int  // version of the faults that the entries lead to
	stopped bool // the recorder has failed, or has not begun
	// repeating says that what happens was noted already.
	repeating bool
}

// An entry is something that happened from outside: a call that changed
// something, a change of faults, of the speed or by a method, or what a driver said of a machine.
type entry struct {
	At     time.Time     `json:"at"`
	Call   *savedCall    `json:"call,omitempty"`
	Method *savedMethod  `json:"method,omitempty"`
	Faults *[]savedFault `json:"faults,omitempty"` // all that are in force then
	Speed  float64       `json:"speed,omitempty"`  // from then on
	// Machine may come before the call that it follows from.
	Machine *savedReport `json:"machine,omitempty"`
	// Outcome is a hash of the operation that answered the call, if one did.
	Outcome string `json:"outcome,omitempty"`
}

type savedCall struct {
	Route  string            `json:"route"`
	Zone   string            `json:"zone"`
	Params map[string]string `json:"params,omitempty"`
	Query  string            `json:"query,omitempty"`
	Body   json.RawMessage   `json:"body,omitempty"`
	Key    string            `json:"key,omitempty"`
	Source string            `json:"source,omitempty"`
}

// perform lets the handler of a route do its work. What changes something is
// noted, so that it can be made again. The world has to be locked.
func (c *Cloud) perform(r *request, rt *route) (answer any, err error) {
	if rt.Method == http.MethodGet {
		c.world.IDs.BeginRead()
		defer c.world.IDs.End()
		return c.handlers[rt.key()](r)
	}
	c.noteFaults()
	if answer, err = c.change(r, rt.key()); err != nil {
		c.noteFaults()
		return nil, err
	}
	if !c.cfg.KeepChanges {
		return answer, nil
	}
	saved := &savedCall{
		Route: rt.key(), Zone: r.zone, Params: r.params, Query: r.query.Encode(), Key: r.key, Source: r.sourceIP,
	}
	if body := bytes.TrimSpace(r.body); json.Valid(body) { // else nobody read it
		saved.Body = body
	}
	c.note(entry{Call: saved, Outcome: outcome(answer)})
	return answer, nil
}

// change makes the change that a call asks for.
func (c *Cloud) change(r *request, key string) (answer any, err error) {
	c.world.IDs.Begin(c.journal.changes + 1)
	defer c.world.IDs.End()
	if answer, err = c.handlers[key](r); err != nil {
		return nil, err
	}
	c.journal.changes++
	if op, ok := answer.(world.OperationView); ok && c.cfg.Timing.Instant {
		answer = c.world.Settle(op)
	}
	return answer, nil
}

// request makes the request of a saved call anew.
func (s *savedCall) request(rt *route) (*request, error) {
	query, err := url.ParseQuery(s.Query)
	if err != nil {
		return nil, err
	}
	return &request{
		operationID: rt.OperationID, kind: rt.segments[0].literal, zone: s.Zone, key: s.Key, sourceIP: s.Source,
		params: s.Params, query: parameters{Values: query}, body: s.Body,
	}, nil
}

// outcome hashes an answer that is an operation. Others may hold what is made by
// chance, such as a certificate.
func outcome(answer any) string {
	op, ok := answer.(world.OperationView)
	if !ok {
		return ""
	}
	text, err := json.Marshal(op)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// noteFaults notes the faults in force, if they are not those that follow from
// what was noted.
func (c *Cloud) noteFaults() {
	if !c.cfg.KeepChanges {
		return
	}
	if saved, version := c.faults.save(); version != c.journal.faults {
		c.note(entry{Faults: &saved})
	}
}

// changeFaults runs a user's change of faults, and notes it. A closed cloud has
// faults, too.
func (c *Cloud) changeFaults(change func()) {
	changed := false
	_ = c.world.Do(func() error {
		change()
		c.noteFaults()
		changed = true
		return nil
	})
	if !changed {
		change()
	}
}

// note adds an entry to the journal, for this moment.
func (c *Cloud) note(e entry) {
	j := &c.journal
	if e.Machine == nil {
		j.faults = c.faults.currentVersion()
	}
	if j.full {
		return
	}
	e.At = c.world.Now()
	line, err := json.Marshal(e)
	if err == nil && len(j.text)+len(line) >= maxJournal {
		j.full = true
		j.text = nil
		c.cfg.Logger.Error("changes are not saved any more: there are too many; reset the cloud")
		return
	}
	if err != nil {
		j.full = true
		c.cfg.Logger.Error("changes are not saved any more", slog.Any("err", err))
		return
	}
	line = append(line, '\n')
	j.text = append(j.text, line...)
	if c.cfg.Recorder != nil && !j.stopped {
		c.recorded(c.cfg.Recorder.Append(line))
	}
}

// recorded notes whether the recorder did its work.
func (c *Cloud) recorded(err error) {
	if c.journal.stopped = err != nil; err != nil {
		c.cfg.Logger.Error("changes are not saved any more", slog.Any("err", err))
	}
}
