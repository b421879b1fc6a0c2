package autoscale

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// An intent says that a resize is about to be asked for. It is written before
// the request is sent, so that after a crash the next turn can learn from the
// pool's size whether the request was carried out.
type intent struct {
	Direction Direction `json:"direction"`
	From      int       `json:"from"`
	To        int       `json:"to"`
	At        time.Time `json:"at"` // for people who read the file
	// Replaces: down, the member that goes is to be replaced; up, it was, or the
	// policy knows how many it takes.
	Replaces bool `json:"replaces,omitempty"`
	// Rolls: up, the member is the surplus of a rolling change; down, no more.
	Rolls bool `json:"rolls,omitempty"`
}

func (i *intent) validate() error {
	if i == nil {
		return nil
	}
	if i.Direction != Up && i.Direction != Down {
		return fmt.Errorf("an intent has the direction %q", i.Direction)
	}
	if i.From < 0 || i.To < 1 || !plausible(i.At) {
		return errors.New("an intent lacks its sizes or time")
	}
	if i.Rolls && i.To-i.From != map[Direction]int{Up: 1, Down: -1}[i.Direction] {
		return fmt.Errorf("an intent of a rolling change goes from %d to %d", i.From, i.To)
	}
	return nil
}

// serves reports whether the resize is what webhooks of its direction ask for. One
// more of a rolling change is no growth, and a member that is to be replaced does
// not make the pool smaller.
func (i *intent) serves() bool {
	return i == nil || !i.Rolls && (!i.Replaces || i.Direction == Up)
}

// saveIntent writes down that a resize is about to be asked for. On an error
// the resize is safe only if removeStored succeeds.
func (d *demand) saveIntent(next intent) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now.Intent = &next
	d.now.LastResize = next.At
	d.dirty = true
	return d.saveLocked()
}

// removeStored removes all demand from a disk that fails to take writes: after a
// crash it would cause a second step. Losing a webhook is the smaller harm,
// since alerts repeat. An error means that the resize must wait until what is
// on disk has expired.
func (d *demand) removeStored(now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := ignoreMissing(os.Remove(filepath.Join(d.dir, stateFile)))
	if err == nil {
		d.disk = state{}
		return nil
	}
	for _, left := range []Batch{d.disk.Unclaimed.Up, d.disk.Unclaimed.Down, d.disk.Claimed.Up, d.disk.Claimed.Down} {
		if !left.empty() && now.Sub(left.clamped(now).Last) <= d.expiry {
			d.now.Intent = nil // nothing was asked for
			return err
		}
	}
	return nil
}

// resizing reports whether a resize is under way, or the outcome of one is still
// unknown.
func (d *demand) resizing() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now.Intent != nil
}

// withdrawIntent drops the intent: the provider promised that nothing changed.
// The webhooks stay claimed.
func (d *demand) withdrawIntent() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now.Intent = nil
	d.dirty = true
}

// completeIntent drops the intent after the provider reported success, and
// settles the webhooks behind it, in one write: claimed webhooks without their
// intent on disk would cause another step after a crash.
func (d *demand) completeIntent(direction Direction, reason Reason) []Settled {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.countOwedLocked()
	serves := d.now.Intent.serves()
	d.now.Intent = nil
	d.dirty = true
	if !serves {
		return nil
	}
	return d.settleLocked(direction, reason)
}

// countOwedLocked counts what the intent, which was carried out, owes the pool or
// has given back.
func (d *demand) countOwedLocked() {
	done := d.now.Intent
	if done == nil {
		return
	}
	d.now.OwedSize = done.To
	switch {
	case done.Rolls:
		d.now.Owed += done.From - done.To
	case !done.Replaces:
	case done.Direction == Down:
		d.now.Owed += done.From - done.To
	case d.now.Owed > 0:
		d.now.Owed = max(d.now.Owed-(done.To-done.From), 0)
	}
	if d.now.Owed == 0 {
		d.now.OwedSize = 0
	}
}

// owed returns how many members were evicted and are to be replaced; negative, how
// many are the surplus of a rolling change.
func (d *demand) owed() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now.Owed
}

// reviewOwed gives up on replacing members, and on taking back a surplus, when a
// reading shows that something else has set the size since, and so has decided how
// many there are to be; on replacing also when the pool is at its maximum.
func (d *demand) reviewOwed(status Status, maximum int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now.Owed == 0 || d.now.Intent != nil || status.State != StateRunning {
		return
	}
	if status.Size != d.now.OwedSize || d.now.Owed > 0 && status.Size >= maximum {
		d.now.Owed = 0
		d.dirty = true
	}
}

// cancelOwed gives up on replacing one.
func (d *demand) cancelOwed() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now.Owed = max(d.now.Owed-1, 0)
	d.dirty = true
}

// keepSurplus makes the surplus of a rolling change part of the size.
func (d *demand) keepSurplus() {
	if d.owed() < 0 {
		d.forgetOwed()
	}
}

// forgetOwed gives up on all that is owed: the size is what it is to be.
func (d *demand) forgetOwed() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now.Owed != 0 {
		d.now.Owed, d.now.OwedSize, d.dirty = 0, 0, true
	}
}

// halt halts the rolling change to these settings of the pool.
func (d *demand) halt(settings string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now.Halted, d.dirty = &settings, true
}

// halted reports whether the rolling change to these settings is halted.
func (d *demand) halted(settings string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now.Halted != nil && *d.now.Halted == settings
}

// goOn lets a halted rolling change go on.
func (d *demand) goOn() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now.Halted != nil {
		d.now.Halted, d.dirty = nil, true
	}
}

// resolveIntent resolves an intent that this turn left. It reports whether the
// resize was carried out.
func (d *demand) resolveIntent(size int) (settled []Settled, done bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now.Intent == nil {
		return nil, false
	}
	done = size == d.now.Intent.To
	return d.resolveIntentLocked(size), done
}

// resolveIntentLocked decides from the size of the pool, which is at rest, whether
// the resize that got no answer took effect.
func (d *demand) resolveIntentLocked(size int) []Settled {
	left := d.now.Intent
	if size == left.To {
		d.countOwedLocked()
	}
	d.now.Intent = nil
	d.dirty = true
	switch {
	case !left.serves(), size == left.From:
		// Not carried out, or not for webhooks: the claim still stands.
		return nil
	case size == left.To:
		return d.settleLocked(left.Direction, ReasonConfirmed)
	default:
		return d.settleLocked(left.Direction, ReasonOutcomeUnknown)
	}
}
