package autoscale

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/exopool/exopool/internal/atomicfile"
)

// A Pause keeps the loop from resizing the pool, so that an operator can work on
// it by hand. Turns go on: they read the pool and are held as paused. Webhooks
// are recorded and expire as usual.
type Pause struct {
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until,omitzero"`   // zero: until it is resumed
	Reason string    `json:"reason,omitempty"` // in the operator's words
}

// Limits of a pause.
const (
	longestPause  = 365 * 24 * time.Hour
	maxPauseRunes = 200 // of the reason
)

// errInvalidPause marks a wrong duration or reason.
var errInvalidPause = errors.New("invalid pause")

// newPause returns the pause that an operator asks for. A duration of zero means
// until resumed.
func newPause(now time.Time, duration time.Duration, reason string) (Pause, error) {
	if duration < 0 || duration > longestPause {
		return Pause{}, fmt.Errorf("%w: the duration is %s: give 1s to %s, such as 2h, or none to pause until resumed",
			errInvalidPause, duration, longestPause)
	}
	reason = strings.TrimSpace(reason)
	switch {
	case utf8.RuneCountInString(reason) > maxPauseRunes:
		return Pause{}, fmt.Errorf("%w: the reason has more than %d characters: shorten it", errInvalidPause, maxPauseRunes)
	case !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl):
		return Pause{}, fmt.Errorf("%w: the reason has line breaks or unreadable characters: give one line of text", errInvalidPause)
	}
	p := Pause{Since: now.UTC(), Reason: reason}
	if duration > 0 {
		p.Until = p.Since.Add(duration)
	}
	return p, nil
}

// ended reports whether the pause has ended without a resume.
func (p Pause) ended(now time.Time) bool { return !p.Until.IsZero() && !now.Before(p.Until) }

// Pause stops the loop from resizing the pool, for duration or, if that is
// zero, until [Loop.Resume]. It survives a restart. A resize that is under way
// is finished; none begins later. A second pause replaces the first, but keeps
// its beginning.
//
// An error means that duration or reason is wrong, and nothing changed, or that
// the state directory cannot be written: then the pause is in force, but ends
// with the program.
func (l *Loop) Pause(ctx context.Context, duration time.Duration, reason string) (Pause, error) {
	pause, err := newPause(l.cfg.Clock.Now(), duration, reason)
	if err != nil {
		return Pause{}, err
	}
	pause, err = l.pause.set(pause)
	l.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "paused: the pool is not resized", l.attrs(
		slog.Time("since", pause.Since), slog.Time("until", pause.Until), slog.String("reason", pause.Reason))...)
	l.reportStateError(ctx, err)
	return pause, err
}

// Resume ends a pause, a hold because something else changes the size, a blown fuse
// and the halt of a rolling change: the operator has dealt with what caused them.
// Without any of them it does nothing. After an error the loop resizes again, but a
// restart would find the pause.
func (l *Loop) Resume(ctx context.Context) error {
	_, paused := l.Paused()
	l.resumed.Store(true)
	err := l.pause.clear()
	if paused {
		l.cfg.Logger.LogAttrs(ctx, slog.LevelWarn, "resumed", l.attrs()...)
	}
	l.reportStateError(ctx, err)
	return err
}

// Paused returns the pause in force, and reports whether there is one.
func (l *Loop) Paused() (Pause, bool) { return l.pause.current(l.cfg.Clock.Now()) }

const pauseFile = "pause.json"

// pauseState is the pause in force, and the file that keeps it. The file is
// another than that of the webhooks, which is removed when the disk fails.
type pauseState struct {
	dir, pool string

	writing sync.Mutex // held while the file is changed
	mu      sync.Mutex // never held during a disk access
	now     *Pause
}

// storedPause is the content of the file.
type storedPause struct {
	Version int    `json:"version"`
	Pool    string `json:"pool"`
	Pause
}

// openPause reads the pause that an earlier run left in dir. A damaged file is
// a pause, too: an operator wanted one.
func openPause(dir, pool string, now time.Time, logger *slog.Logger) (*pauseState, error) {
	s := &pauseState{dir: dir, pool: pool}
	stored, found, err := loadFile(dir, pauseFile, maxStateBytes, parsePause)
	switch {
	case errors.Is(err, errDamaged):
		logger.Error("pause file is damaged: paused until resumed",
			slog.String("pool", pool), slog.String("path", filepath.Join(dir, pauseFile)), slog.Any("err", err))
		s.now = &Pause{Since: now.UTC(), Reason: pauseFile + " is damaged"}
		return s, nil
	case err != nil || !found:
		return s, err
	}
	if stored.Pool != pool {
		// It may be the same pool by another name.
		logger.Warn("pause was set for a pool of another name and is in force here, too",
			slog.String("pool", pool), slog.String("other", stored.Pool))
	}
	s.now = &stored.Pause
	return s, nil
}

func parsePause(data []byte) (storedPause, error) {
	var s storedPause
	if err := unmarshalWhole(data, &s); err != nil {
		return s, err
	}
	if s.Version != stateVersion {
		return s, fmt.Errorf("version %d, want %d", s.Version, stateVersion)
	}
	if !plausible(s.Since) || !s.Until.IsZero() && !plausible(s.Until) {
		return s, errors.New("a pause lacks its times")
	}
	checked, err := newPause(s.Since, 0, s.Reason)
	checked.Until = s.Until
	s.Pause = checked
	return s, err
}

// set puts a pause in force, and then saves it.
func (s *pauseState) set(p Pause) (Pause, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if earlier, paused := s.current(p.Since); paused {
		p.Since = earlier.Since
	}
	s.replace(&p)
	if s.dir == "" {
		return p, nil
	}
	if err := saveState(s.dir, pauseFile, storedPause{Version: stateVersion, Pool: s.pool, Pause: p}); err != nil {
		return p, fmt.Errorf("write the pause in %s: %w", s.dir, err)
	}
	return p, nil
}

// clear ends the pause in force, and then removes its file.
func (s *pauseState) clear() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.replace(nil)
	return s.remove()
}

// expire removes a pause that has ended: a clock that is set back must not put
// it in force again.
func (s *pauseState) expire(now time.Time) error {
	s.mu.Lock()
	ended := s.now != nil && s.now.ended(now)
	s.mu.Unlock()
	if !ended {
		return nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, paused := s.current(now); paused { // an operator has paused again
		return nil
	}
	s.replace(nil)
	return s.remove()
}

// remove removes the file, so that a restart finds no pause.
func (s *pauseState) remove() error {
	if s.dir == "" {
		return nil
	}
	err := os.Remove(filepath.Join(s.dir, pauseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = atomicfile.SyncDir(s.dir)
	}
	if err != nil {
		return fmt.Errorf("remove the pause from %s: %w", s.dir, err)
	}
	return nil
}

func (s *pauseState) replace(p *Pause) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = p
}

// current returns the pause in force, and reports whether there is one.
func (s *pauseState) current(now time.Time) (Pause, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil || s.now.ended(now) {
		return Pause{}, false
	}
	return *s.now, true
}
