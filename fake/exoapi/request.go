package exoapi

import "net/url"

// A request is a verified call of an emulated operation. Handlers run with
// the world locked, so they may use all of it.
type request struct {
	world       *world
	operationID string
	kind        string // of what the path names: its first segment
	zone        string
	key         string // that signed the request; empty if none need to
	sourceIP    string
	params      map[string]string // from the path
	query       url.Values
	body        []byte
	endpoint    func(zone string) string
	events      *journal
}

// id returns the path's main id, in lower case.
func (r *request) id() string { return r.params["id"] }

func (r *request) fields() *fields { return parseFields(r.body) }

// change accepts a change: it opens an operation about the resource and lets
// act make the change, which must see to it that the operation is finished.
// The answer is the operation as it was opened, pending, because clients do
// not look at the outcome of one that starts finished.
func (r *request) change(resource, id string, act func(op *operation)) (any, error) {
	w := r.world
	op := w.begin(resource, id)
	accepted := op.view()
	if _, ok := w.faults.take(FaultOperationFails, r.operationID); ok {
		w.after(0, func() { w.fail(op, "fault", "injected fault: "+FaultOperationFails) })
		return accepted, nil
	}
	if fault, ok := w.faults.take(FaultOperationStuck, r.operationID); ok {
		op.stuck, op.stuckFor = true, fault.Duration
	}
	act(op)
	return accepted, nil
}

// set is a change that is done as soon as it is accepted.
func (r *request) set(resource, id string, act func()) (any, error) {
	return r.change(resource, id, func(op *operation) {
		act()
		r.world.after(0, func() { r.world.succeed(op) })
	})
}

// list is the answer of a list call: one key that holds an array, which is
// never null.
func list[T any](key string, entries []T) map[string][]T {
	if entries == nil {
		entries = []T{}
	}
	return map[string][]T{key: entries}
}
