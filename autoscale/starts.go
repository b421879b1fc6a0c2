package autoscale

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"
)

const (
	startsName     = "starts.json"
	maxStartsBytes = 4 << 10 // ten times what the program writes

	// startsRemembered is of how many members that served at last the start is known.
	startsRemembered = 5
	// maxAhead is the longest time that floors are in force early: that of a start,
	// and a turn for each member.
	maxAhead = MaxStartTimeout + (MaxSize+2)*MaxInterval
)

// starts remembers how long members took to start, and how early floors are in force
// because of that, across restarts.
type starts struct {
	dir, pool string
	most      time.Duration // that a start may take
	now       storedStarts
	dirty     bool // since the last write
}

// storedStarts is the content of the file.
type storedStarts struct {
	Version int    `json:"version"`
	Pool    string `json:"pool"`
	// Times are those that the last new members took until they served, oldest first.
	Times []time.Duration `json:"times_ns"`
	Ahead time.Duration   `json:"ahead_ns"` // as last used; 0: not yet
}

// openStarts reads what an earlier run left in dir. A file that is damaged or about
// another pool is logged and ignored: starts are measured anew.
func openStarts(dir, pool string, most time.Duration, logger *slog.Logger) (*starts, error) {
	s := &starts{dir: dir, pool: pool, most: most}
	stored, found, err := loadFile(dir, startsName, maxStartsBytes, s.decode)
	switch {
	case errors.Is(err, errDamaged):
		logger.Warn("how long members take to start cannot be used, it is measured anew",
			slog.String("path", filepath.Join(dir, startsName)), slog.Any("err", err))
	case err != nil:
		return nil, err
	case found:
		s.now = stored
	}
	return s, nil
}

func (s *starts) decode(data []byte) (stored storedStarts, err error) {
	if err := unmarshalWhole(data, &stored); err != nil {
		return stored, err
	}
	switch {
	case stored.Version != stateVersion:
		return stored, fmt.Errorf("version %d, want %d", stored.Version, stateVersion)
	case stored.Pool != s.pool:
		return stored, fmt.Errorf("it is about the pool %q", stored.Pool)
	case len(stored.Times) > startsRemembered:
		return stored, fmt.Errorf("%d start times", len(stored.Times))
	case stored.Ahead < 0 || stored.Ahead > maxAhead:
		return stored, fmt.Errorf("floors are in force %s early", stored.Ahead)
	}
	for _, took := range stored.Times {
		if took < 0 || took > MaxStartTimeout {
			return stored, fmt.Errorf("a start time of %s", took)
		}
	}
	return stored, nil
}

// add takes how long a new member took until it served. Where the clock has jumped, or
// the pool could not be read meanwhile, that is too long.
func (s *starts) add(took time.Duration) {
	times := append(s.now.Times, min(max(took, 0), s.most))
	s.now.Times, s.dirty = times[max(len(times)-startsRemembered, 0):], true
}

// longest returns how long new members take until they serve, as the longest of the
// last few took; 0 if none was seen.
func (s *starts) longest() time.Duration {
	if len(s.now.Times) == 0 {
		return 0
	}
	return min(slices.Max(s.now.Times), s.most) // more was allowed in an earlier run
}

// setAhead takes how early floors are in force.
func (s *starts) setAhead(ahead time.Duration) {
	if ahead = min(ahead, maxAhead); ahead != s.now.Ahead {
		s.now.Ahead, s.dirty = ahead, true
	}
}

// forget forgets all: the pool is another one.
func (s *starts) forget() { s.now, s.dirty = storedStarts{}, true }

// save writes the file if something has changed since the last write.
func (s *starts) save() error {
	if !s.dirty || s.dir == "" {
		return nil
	}
	s.now.Version, s.now.Pool = stateVersion, s.pool
	if err := saveState(s.dir, startsName, s.now); err != nil {
		return fmt.Errorf("write how long members take to start to %s: %w", s.dir, err)
	}
	s.dirty = false
	return nil
}
