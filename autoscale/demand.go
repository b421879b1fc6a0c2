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
// same direction is written too. A burst then costs one write a second; what
// a crash can lose is that second at the end of the batch's life, never the
// batch.
const coalesce = time.Second

// Demand is what webhooks ask for, kept across restarts in a state directory.
//
//	 Record        claim              intend            settle
//	───────▶ pending ───▶ claimed ───────────▶ resize ─────────▶ gone
//	                       │  ▲  └─ expired, superseded ... ─▶ gone
//	                       └──┘ pool busy, refused, no answer
//
// It is safe for use by several goroutines.
type Demand struct {
	dir    string // "" keeps nothing on disk
	expiry time.Duration

	mu   sync.Mutex
	now  state // what is true
	disk state // what a restart would find
	// dirty: the disk lags behind now in more than what coalesce allows.
	dirty bool
}

// A Settled batch of webhooks is done with: they caused a step, or the reason
// tells why not.
type Settled struct {
	Direction Direction `json:"direction"`
	Reason    Reason    `json:"reason"`
	Webhooks  Batch     `json:"webhooks"`
}

// OpenDemand reads what an earlier run left in dir, which is created when it
// does not exist. An empty dir means that demand is kept in memory only. A
// webhook waits for its turn no longer than expiry.
//
// A damaged file is moved aside and logged, never an error: starting with
// nothing costs one step at most, as alerts repeat. A file about another pool
// is logged and dropped. A directory that this process may not write is an
// error.
func OpenDemand(dir, pool string, expiry time.Duration, now time.Time, log *slog.Logger) (*Demand, error) {
	d := &Demand{dir: dir, expiry: expiry, now: state{Version: stateVersion, Pool: pool}}
	if dir == "" {
		return d, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create state directory %s: %w: choose one that this user may write", dir, err)
	}
	loaded, err := loadState(dir, now)
	switch {
	case errors.Is(err, errDamaged):
		path := filepath.Join(dir, stateFile)
		log.Error("state file is damaged, moved aside and starting without it",
			slog.String("path", path+damagedSuffix), slog.Any("err", err))
		if err := os.Rename(path, path+damagedSuffix); err != nil {
			log.Error("damaged state file stays in place", slog.String("path", path), slog.Any("err", err))
		}
	case err != nil:
		return nil, fmt.Errorf("read state in %s: %w: give this user the right to it", dir, err)
	}
	if loaded.Pool != "" && loaded.Pool != pool {
		log.Warn("state file is about another pool, starting without it", slog.String("pool", pool), slog.String("other", loaded.Pool))
		loaded = d.now
	}
	loaded.Pool = pool
	d.now, d.disk = loaded, loaded
	err = saveState(dir, stateFile, loaded)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("write state in %s: %w: give this user the right to it", dir, err)
	}
	if err != nil {
		// A full disk must not keep the pool from being scaled.
		log.Error("state cannot be written, webhooks would not survive a crash now",
			slog.String("path", dir), slog.Any("err", err))
	}
	return d, nil
}

// Record notes that a webhook came at now, and returns once that survives a
// crash. When the disk fails the webhook is recorded in memory all the same
// and the error says so.
func (d *Demand) Record(direction Direction, now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	pending := d.now.Pending.of(direction)
	*pending = pending.merged(Batch{First: now, Last: now, Count: 1})

	saved := d.disk.Pending.of(direction)
	age := now.Sub(saved.Last)
	if !d.dirty && !saved.empty() && age >= 0 && age < coalesce {
		return nil
	}
	return d.save()
}

// Waiting tells which webhooks are recorded and not settled.
func (d *Demand) Waiting() (up, down Batch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.waiting()
}

func (d *Demand) waiting() (up, down Batch) {
	return d.now.Claimed.Up.merged(d.now.Pending.Up), d.now.Claimed.Down.merged(d.now.Pending.Down)
}

// lastResize tells when a resize was last asked for; zero when never.
func (d *Demand) lastResize() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now.LastResize
}

// claim takes what is pending for the turn that has just read the pool. First
// it settles an intent that an earlier turn left behind.
func (d *Demand) claim(now time.Time, status Status) []Settled {
	d.mu.Lock()
	defer d.mu.Unlock()
	var settled []Settled
	if d.now.Intent != nil && status.State == StateRunning {
		settled = d.resolve(status.Size)
	}
	if d.now.Intent == nil {
		d.now.claim()
	}
	return append(settled, d.expire(now)...)
}

// claim moves everything pending to what is claimed. That needs no write: to a
// restart both mean the same, until an intent tells them apart.
func (s *state) claim() {
	s.Claimed.Up = s.Claimed.Up.merged(s.Pending.Up)
	s.Claimed.Down = s.Claimed.Down.merged(s.Pending.Down)
	s.Pending = batches{}
}

// resolved settles an intent that this turn left behind. It reports whether
// that was carried out.
func (d *Demand) resolved(size int) (settled []Settled, done bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now.Intent == nil {
		return nil, false
	}
	done = size == d.now.Intent.To
	return d.resolve(size), done
}

// resolve decides from the size of the pool, which is at rest, whether the
// resize that got no answer took effect.
func (d *Demand) resolve(size int) []Settled {
	left := d.now.Intent
	d.now.Intent = nil
	d.dirty = true
	switch size {
	case left.To:
		return d.settle(left.Direction, ReasonConfirmed)
	case left.From:
		// Not carried out: the claim still stands and is tried again.
		return nil
	default:
		return d.settle(left.Direction, ReasonOutcomeUnknown)
	}
}

// expired settles what has waited for too long, in a turn that could not read
// the pool. A pool that is gone will never tell what came of a resize, so that
// the webhooks behind one expire, too.
func (d *Demand) expired(now time.Time, gone bool) []Settled {
	d.mu.Lock()
	defer d.mu.Unlock()
	settled := d.expire(now)
	if left := d.now.Intent; gone && left != nil && now.Sub(d.now.Claimed.of(left.Direction).Last) > d.expiry {
		d.now.Intent = nil
		d.dirty = true
		settled = append(settled, d.settle(left.Direction, ReasonOutcomeUnknown)...)
	}
	return settled
}

func (d *Demand) expire(now time.Time) []Settled {
	var settled []Settled
	for _, waiting := range []*batches{&d.now.Claimed, &d.now.Pending} {
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
				continue // its resize may have been carried out: not for us to say
			}
			settled = append(settled, Settled{Direction: direction, Reason: ReasonExpired, Webhooks: *batch})
			*batch = Batch{}
			d.dirty = true
		}
	}
	return settled
}

// settle drops the claimed batch of one direction, and the intent with it.
func (d *Demand) settle(direction Direction, reason Reason) []Settled {
	batch := d.now.Claimed.of(direction)
	if batch.empty() {
		return nil
	}
	settled := []Settled{{Direction: direction, Reason: reason, Webhooks: *batch}}
	*batch = Batch{}
	d.dirty = true
	return settled
}

// settled drops the claimed webhooks of one direction, which ended with reason.
func (d *Demand) settled(direction Direction, reason Reason) []Settled {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.settle(direction, reason)
}

// claimed tells which webhooks the turn has to decide on. While an intent
// waits to be resolved nothing new is claimed, so all that waits is told.
func (d *Demand) claimed() (up, down Batch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now.Intent != nil {
		return d.waiting()
	}
	return d.now.Claimed.Up, d.now.Claimed.Down
}

// intend writes down that a resize is about to be asked for. On an error the
// resize is safe only if disown succeeds.
func (d *Demand) intend(direction Direction, from, to int, now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now.Intent = &intent{Direction: direction, From: from, To: to, At: now}
	d.now.LastResize = now
	d.dirty = true
	return d.save()
}

// disown makes sure that no demand is left on a disk that takes no writes:
// after a crash it would cause a second step. Forgetting a webhook is the
// smaller harm, since alerts repeat. An error means that the resize must wait
// until what the disk remembers has expired.
func (d *Demand) disown(now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := ignoreMissing(os.Remove(filepath.Join(d.dir, stateFile)))
	if err == nil {
		d.disk = state{}
		return nil
	}
	for _, left := range []Batch{d.disk.Pending.Up, d.disk.Pending.Down, d.disk.Claimed.Up, d.disk.Claimed.Down} {
		if !left.empty() && now.Sub(left.clamped(now).Last) <= d.expiry {
			d.now.Intent = nil // nothing was asked for
			return err
		}
	}
	return nil
}

// resizing reports whether a resize is under way, or what came of one is still
// open.
func (d *Demand) resizing() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now.Intent != nil
}

// withdraw takes the intent back: the provider promised that nothing changed.
// The webhooks stay claimed.
func (d *Demand) withdraw() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now.Intent = nil
	d.dirty = true
}

// fulfilled clears the intent after the provider reported success, and settles
// the webhooks behind it, in one move: a claim without its intent on disk would
// be stepped for again after a crash.
func (d *Demand) fulfilled(direction Direction, reason Reason) []Settled {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now.Intent = nil
	d.dirty = true
	return d.settle(direction, reason)
}

// flush writes what has changed since the last write, if anything has.
func (d *Demand) flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.dirty {
		return nil
	}
	return d.save()
}

func (d *Demand) save() error {
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
