package autoscale

import (
	"time"
)

// rosterMemory is how long a member that is no longer listed is remembered: a
// list may lack one by mistake.
const rosterMemory = time.Hour

// A roster remembers of each member what one reading does not show: whether it
// has served, and whether its start has failed. But for starts it does not survive a
// restart, after which members that do not serve and are old enough count as failed.
type roster struct {
	startTimeout time.Duration
	failedStarts int           // that blow the fuse
	repairAfter  time.Duration // negative: never
	starts       *starts

	entries      map[string]*rosterEntry
	readings     int       // so far
	missing      int       // members that the provider owes the pool, as last read
	missingSince time.Time // when the last of these began to be missing
}

type rosterEntry struct {
	firstSeen, lastSeen time.Time
	reading             int         // that listed it last
	state               MemberState // as last read
	stateSince          time.Time   // when it was first seen in this state
	protected           bool        // as last known
	health              Health      // as last known
	young               bool        // when first seen it had time left to start
	starting            bool        // it was seen to start
	served              bool        // it has
	failedStart         bool        // counts towards the fuse
	badSince            time.Time   // it has been unhealthy or failed; zero: it is not
	forgiven            bool        // a later start succeeded, or an operator reset the fuse
}

func newRoster(cfg Config, starts *starts) *roster {
	return &roster{
		startTimeout: cfg.StartTimeout, failedStarts: cfg.FailedStarts, repairAfter: cfg.RepairAfter,
		starts: starts, entries: map[string]*rosterEntry{},
	}
}

// observe takes a reading, and returns its members with their conditions. If it
// lacks health, members keep what was last known, and nothing is learned of starts.
func (r *roster) observe(status Status, now time.Time) []observedMember {
	r.readings++
	members := make([]observedMember, len(status.Members))
	known, started := status.HealthErr == nil, false
	for i, m := range status.Members {
		entry, since := r.entry(m, now)
		if known {
			entry.health = m.Health
		}
		if m.State != "" {
			entry.protected = m.Protected
		}
		m.Health, m.Protected = entry.health, entry.protected
		members[i] = observedMember{Member: m, Since: since}
		members[i].Condition = r.judge(members[i], entry, now)
		entry.starting = entry.starting || members[i].Condition == starting
		if members[i].Condition == serving && !entry.served && known {
			entry.served, started = true, true
			if entry.starting {
				r.starts.add(now.Sub(since))
			}
		}
	}
	if started {
		r.forgive()
	}
	for i, m := range members {
		entry := r.entries[m.ID]
		switch {
		case m.Condition != unhealthy && m.Condition != failed:
			entry.badSince = time.Time{}
		case entry.badSince.IsZero() || entry.badSince.After(now):
			entry.badSince = now
		default:
			members[i].Broken = r.repairAfter >= 0 && now.Sub(entry.badSince) >= r.repairAfter
			members[i].Lost = now.Sub(entry.badSince) >= r.startTimeout
		}
		members[i].Lost = members[i].Lost || m.Condition == failed || m.Condition == unknown && !entry.served
		fails := m.Condition == failed && entry.young && !entry.forgiven && known
		entry.failedStart = !entry.served && (fails || entry.failedStart)
	}
	r.forget(now)
	r.countMissing(status.Size, members, now)
	return members
}

// entry returns what is remembered of a member, and since when it exists.
func (r *roster) entry(m Member, now time.Time) (entry *rosterEntry, since time.Time) {
	entry = r.entries[m.ID]
	isNew := entry == nil
	if isNew {
		entry = &rosterEntry{firstSeen: now}
		r.entries[m.ID] = entry
	}
	if entry.firstSeen.After(now) { // the clock was set back
		entry.firstSeen = now
	}
	entry.lastSeen, entry.reading, since = now, r.readings, entry.firstSeen
	if !m.Created.IsZero() && m.Created.Before(since) {
		since = m.Created
	}
	if isNew || entry.state != m.State || entry.stateSince.After(now) {
		entry.state, entry.stateSince = m.State, now
	}
	entry.young = entry.young || isNew && now.Sub(since) <= r.startTimeout
	return entry, since
}

// judge returns what a member is worth. No state lasts for good that keeps the pool
// from shrinking: one that is known by its id only may well serve, because lists lag,
// but not that long, and one that stops has to be off at last.
func (r *roster) judge(m observedMember, entry *rosterEntry, now time.Time) condition {
	stuck := now.Sub(entry.stateSince) > r.startTimeout
	switch {
	case m.State == "" && stuck:
		return unknown
	case m.State == "":
		return starting
	case m.State == MemberStopping && stuck:
		return failed
	case m.State == MemberStopping, m.State == MemberLeaving:
		return leaving
	case m.State == MemberFailed:
		return failed
	case m.State == MemberRunning && m.Health != Unhealthy:
		return serving
	case entry.served:
		return unhealthy
	case now.Sub(m.Since) > r.startTimeout:
		return failed
	default:
		return starting
	}
}

// blown reports whether so many starts have failed, and none has succeeded since,
// that the pool must not grow.
func (r *roster) blown() bool {
	count := 0
	for _, entry := range r.entries {
		if entry.failedStart && !entry.forgiven {
			count++
		}
	}
	return count >= r.failedStarts
}

// excuse lets it not count that a member does not serve: it was told to.
func (r *roster) excuse(id string) { r.entries[id].badSince = time.Time{} }

// forgive lets the starts that have failed so far count no longer.
func (r *roster) forgive() {
	for _, entry := range r.entries {
		entry.forgiven = entry.forgiven || entry.failedStart
		entry.failedStart = false
	}
}

func (r *roster) forget(now time.Time) {
	for id, entry := range r.entries {
		if now.Sub(entry.lastSeen) > rosterMemory {
			delete(r.entries, id)
		}
	}
}

// countMissing counts the members that the provider owes the pool. If another one is
// missing, or a list lacks one that it had, that has the time of a start to come.
func (r *roster) countMissing(size int, members []observedMember, now time.Time) {
	before := r.missing
	r.missing = countMissing(size, members)
	switch {
	case r.missing == 0:
		r.missingSince = time.Time{}
	case r.missing > before || r.lacks() || r.missingSince.After(now):
		r.missingSince = now
	}
}

// lacks reports whether a member is not listed that was in the reading before, and
// was not being removed.
func (r *roster) lacks() bool {
	for _, entry := range r.entries {
		if entry.reading == r.readings-1 && entry.state != MemberLeaving {
			return true
		}
	}
	return false
}

// awaitsMissing reports whether members that the provider owes the pool may yet
// come.
func (r *roster) awaitsMissing(now time.Time) bool {
	return !r.missingSince.IsZero() && now.Sub(r.missingSince) <= r.startTimeout
}

// countMissing returns how many members the provider owes a pool of this size.
func countMissing(size int, members []observedMember) int {
	missing := size
	for _, m := range members {
		if m.Condition != leaving || m.stops() {
			missing--
		}
	}
	return max(missing, 0)
}

// countExpected returns how many members there are when the provider owes none any
// more, those that leave included.
func countExpected(size int, members []observedMember) int {
	return len(members) + countMissing(size, members)
}
