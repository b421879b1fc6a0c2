package autoscale

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"
)

// past is what guards know of earlier turns, oldest first.
type past struct {
	Wishes  []sized `json:"wishes,omitempty"`  // what was wanted
	Changes []sized `json:"changes,omitempty"` // sizes that the pool has come to have
	// Before is the size from which the first of the changes went.
	Before int `json:"before,omitempty"`
}

// sized is a size at a time.
type sized struct {
	At   time.Time `json:"at"`
	Size int       `json:"size"`
}

// lowestWish returns the smallest size that was wanted since then, or now.
func (p past) lowestWish(since time.Time, now int) int {
	for _, w := range slices.Backward(p.Wishes) {
		if w.At.Before(since) {
			break
		}
		now = min(now, w.Size)
	}
	return now
}

// highestWish returns the largest size that was wanted since then, or now.
func (p past) highestWish(since time.Time, now int) int {
	for _, w := range slices.Backward(p.Wishes) {
		if w.At.Before(since) {
			break
		}
		now = max(now, w.Size)
	}
	return now
}

// steps calls yield with each change after since, and by how much it was. The
// first is the oldest.
func (p past) steps(since time.Time, yield func(by int)) {
	before := p.Before
	for _, c := range p.Changes {
		if c.At.After(since) {
			yield(c.Size - before)
		}
		before = c.Size
	}
}

// lastChange returns when the pool last grew, or shrank, or with no direction did
// either.
func (p past) lastChange(direction Direction) (last time.Time) {
	before := p.Before
	for _, c := range p.Changes {
		if direction != Up && c.Size < before || direction != Down && c.Size > before {
			last = c.At
		}
		before = c.Size
	}
	return last
}

// changedSince reports whether the pool grew, or shrank, after since.
func (p past) changedSince(since time.Time, direction Direction) bool {
	return p.changeSince(since, direction) > 0
}

// changeSince returns how many members were added, or removed, after since.
func (p past) changeSince(since time.Time, direction Direction) (members int) {
	p.steps(since, func(by int) {
		switch {
		case direction == Up && by > 0:
			members += by
		case direction == Down && by < 0:
			members -= by
		}
	})
	return members
}

// reversesAgain reports whether the pool has grown last, and has begun to go the
// other way so often after since that it must not once more.
func (p past) reversesAgain(since time.Time, limit int) bool {
	reversals, last := 0, 0
	p.steps(since, func(by int) {
		if last*by < 0 {
			reversals++
		}
		last = by
	})
	return last > 0 && reversals >= limit
}

// pastFile keeps the past of a pool across restarts.
type pastFile struct {
	dir, pool       string
	wishes, changes time.Duration // how far back it goes
	now             past
	last            sized // as last read; of no time: not yet
}

// storedPast is the content of the file.
type storedPast struct {
	Version int    `json:"version"`
	Pool    string `json:"pool"`
	Last    sized  `json:"last"`
	past
}

const pastName = "guards.json"

// maxPast is how many sizes are remembered: a day of turns of a second. More are
// forgotten early.
const maxPast = 86_400

// openPast reads what an earlier run left in dir. A file that is damaged or about
// another pool is logged and ignored: guards begin anew.
func openPast(dir, pool string, guards Guards, logger *slog.Logger) (*pastFile, error) {
	p := &pastFile{dir: dir, pool: pool}
	p.wishes, p.changes = guards.lookback()
	if guards == (Guards{}) {
		return p, nil
	}
	stored, found, err := loadFile(dir, pastName, 2*maxPast*64, parsePast)
	if found && stored.Pool != pool {
		found, err = false, fmt.Errorf("%w: it is about the pool %q", errDamaged, stored.Pool)
	}
	switch {
	case errors.Is(err, errDamaged):
		logger.Warn("earlier sizes of the pool cannot be used, guards begin anew",
			slog.String("path", filepath.Join(dir, pastName)), slog.Any("err", err))
	case err != nil:
		return nil, err
	case found:
		p.now, p.last = stored.past, stored.Last
	}
	return p, nil
}

func parsePast(data []byte) (storedPast, error) {
	var s storedPast
	if err := unmarshalWhole(data, &s); err != nil {
		return s, err
	}
	if s.Version != stateVersion {
		return s, fmt.Errorf("version %d, want %d", s.Version, stateVersion)
	}
	for _, list := range [][]sized{s.Wishes, s.Changes, {s.Last}, {{At: s.Last.At, Size: s.Before}}} {
		if len(list) > maxPast || !slices.IsSortedFunc(list, func(a, b sized) int { return a.At.Compare(b.At) }) {
			return s, errors.New("sizes are too many, or not in their order")
		}
		for _, entry := range list {
			if entry.Size < 0 || entry.Size > 100*MaxSize || !plausible(entry.At) {
				return s, errors.New("a size or its time is impossible")
			}
		}
	}
	return s, nil
}

// observe takes the size that the policy sees, and what it wants. A change is dated
// to the reading before, after which it was asked for.
func (p *pastFile) observe(now time.Time, size, wish int) {
	p.forgetAfter(now)
	if !p.last.At.IsZero() && size != p.last.Size {
		p.now.Changes = append(p.now.Changes, sized{p.last.At, size})
	}
	p.last = sized{now, size}
	if p.wishes > 0 {
		p.now.Wishes = append(p.now.Wishes, sized{now, wish})
	}
	wishes, changes := p.now.Wishes, p.now.Changes
	for len(wishes) > 0 && (now.Sub(wishes[0].At) > p.wishes || len(wishes) > maxPast) {
		wishes = wishes[1:]
	}
	for len(changes) > 0 && (now.Sub(changes[0].At) > p.changes || len(changes) > maxPast) {
		p.now.Before, changes = changes[0].Size, changes[1:]
	}
	if len(changes) == 0 {
		p.now.Before = size
	}
	p.now.Wishes, p.now.Changes = wishes, changes
}

// forgetAfter forgets what is later than now, because the clock was set back.
func (p *pastFile) forgetAfter(now time.Time) {
	later := func(s sized) bool { return s.At.After(now) }
	if n := len(p.now.Wishes); n > 0 && later(p.now.Wishes[n-1]) {
		p.now.Wishes = slices.DeleteFunc(p.now.Wishes, later)
	}
	if n := len(p.now.Changes); n > 0 && later(p.now.Changes[n-1]) {
		p.now.Changes = slices.DeleteFunc(p.now.Changes, later)
	}
	if later(p.last) {
		p.last.At = now
	}
}

// save writes the file.
func (p *pastFile) save() error {
	if p.dir == "" || p.wishes == 0 && p.changes == 0 {
		return nil
	}
	err := saveState(p.dir, pastName, storedPast{Version: stateVersion, Pool: p.pool, Last: p.last, past: p.now})
	if err != nil {
		return fmt.Errorf("write earlier sizes of the pool to %s: %w", p.dir, err)
	}
	return nil
}
