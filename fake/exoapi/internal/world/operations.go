package world

import (
	"slices"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

// operationRetention is how long finished operations can be asked for.
const operationRetention = 24 * time.Hour

// States of an operation; "timeout" exists in the original but is not made.
const (
	statePending = "pending"
	stateSuccess = "success"
	stateFailure = "failure"
)

// An Operation is an accepted change that takes time.
type Operation struct {
	view  OperationView
	since time.Time
	// stuck operations stay pending for stuckFor after they should end, or
	// for ever if that is zero. What they asked for is done all the same.
	stuck    bool
	stuckFor time.Duration
}

// An OperationView is how an operation is going, in the API's JSON shape.
type OperationView struct {
	ID        string     `json:"id"`
	State     string     `json:"state"`
	Reason    string     `json:"reason,omitempty"`
	Message   string     `json:"message,omitempty"`
	Reference *reference `json:"reference,omitempty"`
	Resource  *subject   `json:"resource,omitempty"`
}

// A reference names what an operation is about.
type reference struct {
	ID      string `json:"id"`
	Link    string `json:"link"`
	Command string `json:"command,omitempty"` // none if no call reads one of the kind
}

// A subject is what some operations have instead of a reference.
type subject struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// Change accepts a change that a call asks for: it opens an operation about a
// resource and lets act make the change, which must see to it that the
// operation is ended. The answer is the operation as it was opened, pending,
// because clients ignore the outcome of one that starts finished.
func (w *World) Change(operationID, kind, id string, act func(*Operation)) OperationView {
	op := w.Begin(kind, id)
	accepted := op.view
	w.carryOut(op, operationID, act)
	return accepted
}

// ChangeOf is [World.Change] with an operation that has the resource's id and type
// instead of a reference, as the original's that start or stop an instance.
func (w *World) ChangeOf(operationID, kind, id string, act func(*Operation)) OperationView {
	op := w.begin(OperationView{Resource: &subject{id, kind}})
	accepted := op.view
	w.carryOut(op, operationID, act)
	return accepted
}

// SetAtOnce is a change that is done when its answer says so. The operation
// refers to nothing, as that of the original. Only a fault makes it wait.
func (w *World) SetAtOnce(operationID string, act func()) OperationView {
	op := w.begin(OperationView{})
	w.carryOut(op, operationID, func(op *Operation) {
		act()
		w.Succeed(op)
	})
	return op.view
}

func (w *World) carryOut(op *Operation, operationID string, act func(*Operation)) {
	if err := w.faults.OperationFails(operationID); err != nil {
		w.After(0, func() { w.Fail(op, "fault", err.Error()) })
		return
	}
	op.stuckFor, op.stuck = w.faults.OperationStuck(operationID)
	act(op)
}

// Set is a change that is done as soon as it is accepted.
func (w *World) Set(operationID, kind, id string, act func()) OperationView {
	return w.Change(operationID, kind, id, func(op *Operation) {
		act()
		w.After(0, func() { w.Succeed(op) })
	})
}

// Begin opens an operation about a resource.
func (w *World) Begin(kind, id string) *Operation {
	about := &reference{id, "/v2/" + kind + "/" + id, w.readCommand(kind)}
	if _, ok := wire.ParseID(id); !ok {
		// API keys are no UUIDs, but references are promised to be.
		about.ID = FixedID(kind + "/" + id)
	}
	return w.begin(OperationView{Reference: about})
}

// begin opens an operation and forgets long finished ones.
func (w *World) begin(view OperationView) *Operation {
	for old := range w.operations.All() {
		if old.view.State == statePending && !old.stuck || w.now.Sub(old.since) < operationRetention {
			break
		}
		w.operations.Remove(old.view.ID)
	}
	view.ID, view.State = w.IDs.UUID(), statePending
	op := &Operation{view: view, since: w.now}
	w.operations.Add(op.view.ID, op)
	return op
}

// readCommand is the operation that reads a resource of a kind; nothing if there
// is none. A kind below another resource has that one's id in its path.
func (w *World) readCommand(kind string) string {
	words := slices.DeleteFunc(strings.Split(kind, "/"), func(s string) bool {
		_, isID := wire.ParseID(s)
		return isID
	})
	noun, read := w.noun(strings.Join(words, "/"))
	if !read {
		return ""
	}
	return "get-" + strings.ReplaceAll(noun, "/", "-")
}

// Succeed ends an operation. A nil one, which no call waits for, and one that
// has ended do not change.
func (w *World) Succeed(op *Operation) { w.end(op, stateSuccess, "", "") }

// Fail ends an operation; reason is one of the API's words.
func (w *World) Fail(op *Operation, reason, message string) {
	w.end(op, stateFailure, reason, message)
}

// Unrefer makes an operation refer to nothing.
func (w *World) Unrefer(op *Operation) { op.view.Reference = nil }

func (w *World) end(op *Operation, state, reason, message string) {
	if op == nil || op.view.State != statePending {
		return
	}
	if op.stuck {
		if op.stuckFor > 0 {
			op.stuck = false
			w.AfterReal(op.stuckFor, func() { w.end(op, state, reason, message) })
		}
		return
	}
	op.view.State, op.view.Reason, op.view.Message = state, reason, message
}

// Settle does what is due already, and returns an operation that was answered as
// it is now if it has succeeded. One that has failed stays as it was answered,
// pending: clients ignore the outcome of one that starts finished.
func (w *World) Settle(answered OperationView) OperationView {
	w.advance(w.now)
	if op := w.operations.Get(answered.ID); op != nil && op.view.State == stateSuccess {
		return op.view
	}
	return answered
}

// Operation returns how an operation is going.
func (w *World) Operation(id string) (OperationView, error) {
	op := w.operations.Get(id)
	if op == nil {
		return OperationView{}, wire.NotFound("operation", id)
	}
	return op.view, nil
}

// An OperationInfo is an operation at one moment.
type OperationInfo struct {
	ID, State       string
	Reason, Message string    // why it failed
	About           string    // path of the resource below the API; may be empty
	Since           time.Time // when it was accepted
}

// Operations returns up to n operations, the newest first.
func (w *World) Operations(n int) []OperationInfo {
	var list []OperationInfo
	skip := w.operations.Len() - n
	for op := range w.operations.All() {
		if skip--; skip >= 0 {
			continue
		}
		info := OperationInfo{
			ID: op.view.ID, State: op.view.State, Reason: op.view.Reason, Message: op.view.Message, Since: op.since,
		}
		if about := op.view.Reference; about != nil {
			info.About = about.Link
		}
		list = append(list, info)
	}
	slices.Reverse(list)
	return list
}
