package autoscale

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

const (
	membersFile     = "members.json"
	maxMembersBytes = 2 << 20 // MaxSize members
	maxSettings     = 128     // bytes of [Status.Settings], and of ids in the file
)

// madeWith remembers with which settings of the pool each member was made, and
// keeps that across restarts. Nothing that the provider lists says so. A member
// that is first seen together with a change of the settings may be from before
// it, and counts so: to replace it once too often harms nobody.
type madeWith struct {
	dir    string // "" keeps nothing on disk
	stored storedMadeWith
	seen   map[string]listing // by id, as last listed
	dirty  bool
	// mayBeAnother: another pool may have the name by now.
	mayBeAnother bool
}

// A listing is what a reading has shown of a member.
type listing struct {
	at       time.Time
	outdated bool
}

// storedMadeWith is the content of the file.
type storedMadeWith struct {
	Version  int               `json:"version"`
	Pool     string            `json:"pool"`
	Settings string            `json:"settings"` // of the pool, as last read
	Members  map[string]string `json:"members"`  // settings by the member's id
}

// openMadeWith reads what an earlier run left in dir. A file that is damaged, or
// about another pool, is logged and ignored: then members count as made with the
// settings that the pool has now.
func openMadeWith(dir, pool string, now time.Time, logger *slog.Logger) (*madeWith, error) {
	m := &madeWith{dir: dir, seen: map[string]listing{}, mayBeAnother: true, stored: storedMadeWith{
		Version: stateVersion, Pool: pool, Members: map[string]string{},
	}}
	stored, found, err := loadFile(dir, membersFile, maxMembersBytes, parseMadeWith)
	switch {
	case errors.Is(err, errDamaged):
		logger.Error("file of members is damaged: they count as made with what the pool has now",
			slog.String("path", filepath.Join(dir, membersFile)), slog.Any("err", err))
	case err != nil:
		return nil, err
	case !found:
	case stored.Pool != pool:
		logger.Warn("file of members is about another pool, starting without it", slog.String("pool", pool), slog.String("other", stored.Pool))
	default:
		m.stored = stored
		for id := range stored.Members {
			m.seen[id] = listing{at: now}
		}
	}
	return m, nil
}

func parseMadeWith(data []byte) (storedMadeWith, error) {
	var s storedMadeWith
	if err := unmarshalWhole(data, &s); err != nil {
		return s, err
	}
	if s.Version != stateVersion {
		return s, fmt.Errorf("version %d, want %d", s.Version, stateVersion)
	}
	if len(s.Members) > 2*MaxSize || len(s.Settings) > maxSettings {
		return s, errors.New("too many members, or too long")
	}
	for id, settings := range s.Members {
		if id == "" || len(id) > maxSettings || settings == "" || len(settings) > maxSettings {
			return s, errors.New("a member lacks its id or settings")
		}
	}
	if s.Members == nil {
		s.Members = map[string]string{}
	}
	return s, nil
}

// settings returns the settings of the pool, as last known.
func (m *madeWith) settings() string { return m.stored.Settings }

// observe takes a reading, and marks the members that are outdated in it. What it
// lacks is as it was last. It reports whether the pool has other settings than in
// the reading before.
func (m *madeWith) observe(status Status, now time.Time) (changed bool) {
	before := m.stored.Settings
	if status.Settings != "" && status.Settings != before {
		m.stored.Settings, m.dirty = status.Settings, true
		changed = before != ""
	}
	current := m.stored.Settings
	compared := status.Settings == current // what members are compared with was read
	for i := range status.Members {
		member := &status.Members[i]
		if len(member.ID) > maxSettings {
			continue
		}
		if m.stored.Members[member.ID] == "" && current != "" {
			m.stored.Members[member.ID], m.dirty = cmp.Or(before, current), true
		}
		lacking := !compared || member.State == ""
		member.Outdated = member.Outdated || m.stored.Members[member.ID] != current || lacking && m.seen[member.ID].outdated
		m.seen[member.ID] = listing{at: now, outdated: member.Outdated}
	}
	maps.DeleteFunc(m.seen, func(id string, last listing) bool {
		gone := now.Sub(last.at) > rosterMemory
		if gone {
			delete(m.stored.Members, id)
			m.dirty = true
		}
		return gone
	})
	return changed
}

// forgetOther forgets all that is remembered if a reading is about another pool by
// the same name, and reports whether it is. That may be so after a restart, or after
// the pool was gone: then none of its members is known.
func (m *madeWith) forgetOther(status Status) bool {
	if !m.mayBeAnother || len(status.Members) == 0 {
		return false
	}
	m.mayBeAnother = false
	known := func(member Member) bool { return m.stored.Members[member.ID] != "" }
	if len(m.stored.Members) == 0 || slices.ContainsFunc(status.Members, known) {
		return false
	}
	m.stored.Settings, m.stored.Members, m.dirty = "", map[string]string{}, true
	clear(m.seen)
	return true
}

// save writes the file if something has changed since the last write.
func (m *madeWith) save() error {
	if !m.dirty || m.dir == "" {
		return nil
	}
	if err := saveState(m.dir, membersFile, m.stored); err != nil {
		return fmt.Errorf("write the members in %s: %w", m.dir, err)
	}
	m.dirty = false
	return nil
}
