package autoscale

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// coalesce is how old the batch on disk may be before another webhook of the
// same direction is written, too. A burst then costs one write a second. A
// crash may make the batch expire that second earlier; it never loses the
// batch.
const coalesce = time.Second

// demand is what webhooks ask for, kept across restarts in a state directory.
//
//	 record          claim         saveIntent        completeIntent
//	───────▶ unclaimed ───▶ claimed ────────▶ resize ──────────────▶ gone
//	                         │  ▲  └─ settle: superseded, expired … ─▶ gone
//	                         └──┘ pool busy, refused, no answer
//
// Unclaimed and claimed webhooks together are the pending ones.
// It is safe for use by several goroutines.
type demand struct {
	dir    string // "" keeps nothing on disk
	expiry time.Duration

	mu   sync.Mutex
	now  state
	disk state // what a restart would find
	// dirty: disk differs from now by more than coalesce allows.
	dirty bool
}

// Settled is a batch of webhooks that is done with: they caused a step, or the
// reason says why not.
type Settled struct {
	Direction Direction `json:"direction"`
	Reason    Reason    `json:"reason"`
	Webhooks  Batch     `json:"webhooks"`
}

// openDemand reads what an earlier run left in dir, which it creates if needed.
// With an empty dir, demand is kept in memory only. A webhook waits for its
// turn no longer than expiry.
//
// A damaged file is logged and moved aside, never an error: starting with
// nothing costs one step at most, as alerts repeat. A file about another pool
// is logged and ignored. A directory that this process may not write to is an
// error. A dry run only reads: what it settles has not been done.
func openDemand(dir, pool string, dryRun bool, expiry time.Duration, now time.Time, logger *slog.Logger) (*demand, error) {
	d := &demand{dir: dir, expiry: expiry, now: state{Version: stateVersion, Pool: pool}}
	if dir == "" {
		return d, nil
	}
	if !dryRun {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("create state directory %s: %w: choose one that this user may write to", dir, err)
		}
	}
	loaded, err := loadState(dir, now)
	switch {
	case errors.Is(err, errDamaged) && dryRun:
		logger.Error("state file is damaged, the dry run starts without it",
			slog.String("path", filepath.Join(dir, stateFile)), slog.Any("err", err))
	case errors.Is(err, errDamaged):
		path := filepath.Join(dir, stateFile)
		logger.Error("state file is damaged, moved aside and starting without it",
			slog.String("path", path+damagedSuffix), slog.Any("err", err))
		if err := os.Rename(path, path+damagedSuffix); err != nil {
			logger.Error("damaged state file stays in place", slog.String("path", path), slog.Any("err", err))
		}
	case err != nil:
		return nil, err
	}
	if loaded.Pool != "" && loaded.Pool != pool {
		logger.Warn("state file is about another pool, starting without it", slog.String("pool", pool), slog.String("other", loaded.Pool))
		loaded = d.now
	}
	loaded.Pool = pool
	d.now, d.disk = loaded, loaded
	if dryRun {
		d.dir = ""
		return d, nil
	}
	err = saveState(dir, stateFile, loaded)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("write state in %s: %w: give this user access to it", dir, err)
	}
	if err != nil {
		// A full disk must not keep the pool from being scaled.
		logger.Error("state cannot be written, webhooks would not survive a crash now",
			slog.String("path", dir), slog.Any("err", err))
	}
	return d, nil
}

// record records a webhook that came at now, and returns once it survives a
// crash. If the disk fails, it returns an error and keeps the webhook in
// memory.
func (d *demand) record(direction Direction, now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	unclaimed := d.now.Unclaimed.of(direction)
	*unclaimed = unclaimed.merged(Batch{First: now, Last: now, Count: 1})

	saved := d.disk.Unclaimed.of(direction)
	age := now.Sub(saved.Last)
	if !d.dirty && !saved.empty() && age >= 0 && age < coalesce {
		return nil
	}
	return d.saveLocked()
}

// pending returns the webhooks that are recorded and not settled.
func (d *demand) pending() (up, down Batch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pendingLocked()
}

func (d *demand) pendingLocked() (up, down Batch) {
	return d.now.Claimed.Up.merged(d.now.Unclaimed.Up), d.now.Claimed.Down.merged(d.now.Unclaimed.Down)
}

// lastResize returns when a resize was last asked for; zero for never.
func (d *demand) lastResize() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now.LastResize
}

// claim claims all webhooks for the turn that has just read the pool. First it
// resolves the intent that an earlier turn left, and reports whether its resize was
// carried out.
func (d *demand) claim(now time.Time, status Status) (settled []Settled, done bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now.Intent != nil && status.State == StateRunning {
		done = status.Size == d.now.Intent.To
		settled = d.resolveIntentLocked(status.Size)
	}
	if d.now.Intent == nil {
		d.now.claimAll()
	}
	return append(settled, d.expireLocked(now)...), done
}

// claimAll claims all webhooks. That needs no write: a restart treats both kinds
// the same, as long as there is no intent.
func (s *state) claimAll() {
	s.Claimed.Up = s.Claimed.Up.merged(s.Unclaimed.Up)
	s.Claimed.Down = s.Claimed.Down.merged(s.Unclaimed.Down)
	s.Unclaimed = batches{}
}

// expire settles what has waited for too long, in a turn that could not read
// the pool. From a pool that is gone the program can never learn the outcome of
// a resize, so that the webhooks behind one expire, too.
func (d *demand) expire(now time.Time, poolGone bool) []Settled {
	d.mu.Lock()
	defer d.mu.Unlock()
	settled := d.expireLocked(now)
	if left := d.now.Intent; poolGone && left != nil && now.Sub(d.now.Claimed.of(left.Direction).Last) > d.expiry {
		d.now.Intent = nil
		d.dirty = true
		settled = append(settled, d.settleLocked(left.Direction, ReasonOutcomeUnknown)...)
	}
	return settled
}

func (d *demand) expireLocked(now time.Time) []Settled {
	var settled []Settled
	for _, waiting := range []*batches{&d.now.Claimed, &d.now.Unclaimed} {
		for _, direction := range []Direction{Up, Down} {
			batch := waiting.of(direction)
			if batch.empty() {
				continue
			}
			*batch = batch.clamped(now)
			if now.Sub(batch.Last) <= d.expiry {
				continue
			}
			if waiting == &d.now.Claimed && d.now.Intent != nil && d.now.Intent.Direction == direction {
				continue // its resize may have been carried out
			}
			settled = append(settled, Settled{Direction: direction, Reason: ReasonExpired, Webhooks: *batch})
			*batch = Batch{}
			d.dirty = true
		}
	}
	return settled
}

// settleLocked drops the claimed batch of one direction.
func (d *demand) settleLocked(direction Direction, reason Reason) []Settled {
	batch := d.now.Claimed.of(direction)
	if batch.empty() {
		return nil
	}
	settled := []Settled{{Direction: direction, Reason: reason, Webhooks: *batch}}
	*batch = Batch{}
	d.dirty = true
	return settled
}

// settle drops the claimed webhooks of one direction, which ended with reason.
func (d *demand) settle(direction Direction, reason Reason) []Settled {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.settleLocked(direction, reason)
}

// claimed returns the webhooks that the turn has to decide on. As long as an
// intent is not resolved nothing is claimed, so these are all pending ones.
func (d *demand) claimed() (up, down Batch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now.Intent != nil {
		return d.pendingLocked()
	}
	return d.now.Claimed.Up, d.now.Claimed.Down
}

// flush writes the state if it has changed since the last write.
func (d *demand) flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.dirty {
		return nil
	}
	return d.saveLocked()
}

func (d *demand) saveLocked() error {
	if d.dir == "" {
		d.dirty = false
		return nil
	}
	if err := saveState(d.dir, stateFile, d.now); err != nil {
		d.dirty = true
		return fmt.Errorf("write state in %s: %w", d.dir, err)
	}
	d.disk, d.dirty = d.now, false
	return nil
}
