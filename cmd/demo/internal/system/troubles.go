package system

import (
	"context"

	"github.com/exopool/exopool/cmd/demo/internal/view"
)

// troubles emits an event when something begins to fail, and one when it works
// again: readings are too frequent for an event each.
type troubles struct {
	emit   func(view.Event)
	failed map[string]string // what fails, and why
}

// report takes the outcome of one attempt at something. Nothing is said while
// everything is stopping.
func (t *troubles) report(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return
	}
	before, failed := t.failed[what]
	switch {
	case err != nil && err.Error() != before:
		t.failed[what] = err.Error()
		t.emit(view.Event{Kind: view.KindError, Severity: view.Warning, Text: what + ": " + err.Error()})
	case err == nil && failed:
		delete(t.failed, what)
		t.emit(view.Event{Kind: view.KindNote, Severity: view.Good, Text: what + " works again"})
	}
}
