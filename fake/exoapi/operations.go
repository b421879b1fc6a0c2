package exoapi

import (
	"strings"
	"time"
)

// operationRetention is how long finished operations can be asked for.
const operationRetention = 24 * time.Hour

// States of an operation; "timeout" exists in the original but is not made.
const (
	statePending = "pending"
	stateSuccess = "success"
	stateFailure = "failure"
)

// An operation tells how an accepted change is going.
type operation struct {
	id        string
	state     string
	reason    string
	message   string
	reference reference
	since     time.Time
	// stuck operations say nothing for stuckFor after they should, or
	// nothing ever if that is zero. What they asked for is done all the same.
	stuck    bool
	stuckFor time.Duration
}

// A reference tells what an operation is about.
type reference struct {
	ID      string `json:"id"`
	Link    string `json:"link"`
	Command string `json:"command"`
}

type operationView struct {
	ID        string    `json:"id"`
	State     string    `json:"state"`
	Reason    string    `json:"reason,omitempty"`
	Message   string    `json:"message,omitempty"`
	Reference reference `json:"reference"`
}

func (o *operation) view() operationView {
	return operationView{o.id, o.state, o.reason, o.message, o.reference}
}

// begin opens an operation about a resource and forgets long finished ones.
func (w *world) begin(resource, id string) *operation {
	for old := range w.operations.all() {
		if old.state == statePending && !old.stuck || w.now.Sub(old.since) < operationRetention {
			break
		}
		w.operations.remove(old.id)
	}
	about := reference{id, "/v2/" + resource + "/" + id, "get-" + strings.ReplaceAll(resource, "/", "-")}
	if _, ok := parseID(id); !ok {
		// SSH keys have only a name, but references are promised to be UUIDs.
		about.ID = fixedID(resource + "/" + id)
	}
	op := &operation{
		id:        w.ids.uuid(),
		state:     statePending,
		reference: about,
		since:     w.now,
	}
	w.operations.add(op.id, op)
	return op
}

func (w *world) succeed(op *operation) { w.finish(op, stateSuccess, "", "") }

// fail ends an operation; reason is one of the API's words.
func (w *world) fail(op *operation, reason, message string) {
	w.finish(op, stateFailure, reason, message)
}

func (w *world) finish(op *operation, state, reason, message string) {
	if op == nil || op.state != statePending {
		return
	}
	if op.stuck {
		if op.stuckFor > 0 {
			op.stuck = false
			w.after(op.stuckFor, func() { w.finish(op, state, reason, message) })
		}
		return
	}
	op.state, op.reason, op.message = state, reason, message
}

func getOperation(r *request) (any, error) {
	op := r.world.operations.get(r.id())
	if op == nil {
		return nil, notFound("operation", r.id())
	}
	return op.view(), nil
}
