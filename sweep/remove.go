package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Sweeper finds and removes what is left of one installation.
type Sweeper struct {
	Account Account
	Name    string // of the installation, see [CheckName]
	Known   Known  // is kept
	// Zone is that of the account; a state of another one is doubted. Empty:
	// not known.
	Zone string

	// Patience is how long a thing may stay busy; 5 min when zero.
	Patience time.Duration
	// Pause is the time between two attempts; 3 s when zero.
	Pause time.Duration
	// Report hears of every phase of every thing, on the caller's goroutine;
	// nil means that nobody listens.
	Report func(Event)
}

// A Phase is how far the removal of a thing is.
type Phase int

// The phases, in their order. Waiting may come any number of times or never.
const (
	Deleting Phase = iota // the first attempt begins
	Waiting               // an attempt found it busy
	Gone
	Failed
)

// An Event tells how the removal of one thing goes on.
type Event struct {
	Thing Thing
	Phase Phase
	After time.Duration // since it began
	Err   error         // of Waiting and Failed
}

// Remove deletes things, as [Sweeper.Find] returned them, and waits until they
// are gone. One that cannot be deleted does not keep the others: machines cost
// money. The error names all that remain. Remove may be repeated, also after
// it was interrupted.
func (s *Sweeper) Remove(ctx context.Context, things []Thing) error {
	var faults []error
	for _, t := range things {
		if ctx.Err() != nil {
			break
		}
		if err := s.remove(ctx, t); err != nil {
			faults = append(faults, fmt.Errorf("delete %s: %w", t, err))
		}
	}
	switch {
	case ctx.Err() != nil:
		return errors.Join(append(faults, fmt.Errorf("sweep was stopped before its end, run it again: %w", context.Cause(ctx)))...)
	case len(faults) > 0:
		return errors.Join(faults...)
	}
	return s.confirm(ctx)
}

// remove deletes one thing, as soon as it is not busy.
func (s *Sweeper) remove(ctx context.Context, t Thing) error {
	start := time.Now()
	report := func(phase Phase, err error) {
		if s.Report != nil {
			s.Report(Event{t, phase, time.Since(start), err})
		}
	}
	report(Deleting, nil)
	for {
		err := s.Account.Delete(ctx, t)
		switch {
		case err == nil:
			report(Gone, nil)
			return nil
		case !errors.Is(err, ErrBusy) || time.Since(start) >= s.patience() || ctx.Err() != nil:
			report(Failed, err)
			return err
		}
		report(Waiting, err)
		pause(ctx, s.pause())
	}
}

// confirm waits until nothing is listed any more: members of a deleted pool
// are there a moment longer than their pool.
func (s *Sweeper) confirm(ctx context.Context) error {
	for start := time.Now(); ; pause(ctx, s.pause()) {
		left, _, err := s.find(ctx)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("see whether everything is gone: %w", context.Cause(ctx))
		case err != nil:
			return fmt.Errorf("see whether everything is gone: %w", err)
		case len(left) == 0:
			return nil
		case time.Since(start) >= s.patience():
			return fmt.Errorf("%d things are still there, %s the first of them: run the sweep again", len(left), left[0])
		}
	}
}

func (s *Sweeper) patience() time.Duration {
	if s.Patience == 0 {
		return 5 * time.Minute
	}
	return s.Patience
}

func (s *Sweeper) pause() time.Duration {
	if s.Pause == 0 {
		return 3 * time.Second
	}
	return s.Pause
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
