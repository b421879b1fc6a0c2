package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// A Sweeper finds and removes what is left of one installation.
type Sweeper struct {
	Account Account
	Name    string // of the installation, see [CheckName]
	State   State  // what it lists is kept
	// Zone is the account's. A state of another zone is doubted. Empty means
	// unknown.
	Zone string

	// Timeout is how long a resource may stay busy; 5 min when zero.
	Timeout time.Duration
	// PollInterval is the time between two attempts; 3 s when zero.
	PollInterval time.Duration
	// Report, unless it is nil, is called for every phase of every removal, on
	// the caller's goroutine.
	Report func(Event)
}

// A Phase is a phase of the removal of a resource.
type Phase int

// The phases, in their order. Waiting may come any number of times or never.
const (
	Deleting Phase = iota // the first attempt begins
	Waiting               // an attempt found the resource busy
	Gone
	Failed
)

// An Event is the begin of a phase.
type Event struct {
	Resource Resource
	Phase    Phase
	After    time.Duration // since it began
	Err      error         // of Waiting and Failed
}

// Remove deletes resources, as [Sweeper.Find] returned them, and waits until they
// are gone. If one cannot be deleted, the others still are: machines cost money.
// The error names all that remain. Remove may be repeated, also after it was
// interrupted.
func (s *Sweeper) Remove(ctx context.Context, resources []Resource) error {
	var errs []error
	for _, t := range resources {
		if ctx.Err() != nil {
			break
		}
		if err := s.remove(ctx, t); err != nil {
			errs = append(errs, fmt.Errorf("delete %s: %w", t, err))
		}
	}
	switch {
	case ctx.Err() != nil:
		return errors.Join(append(errs, fmt.Errorf("sweep was interrupted, run it again: %w", context.Cause(ctx)))...)
	case len(errs) > 0:
		return errors.Join(errs...)
	}
	return s.confirm(ctx)
}

// remove deletes one resource, and tries again while it is busy.
func (s *Sweeper) remove(ctx context.Context, t Resource) error {
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
		case !errors.Is(err, ErrBusy) || time.Since(start) >= s.timeout() || ctx.Err() != nil:
			report(Failed, err)
			return err
		}
		report(Waiting, err)
		wait(ctx, s.pollInterval())
	}
}

// confirm waits until no resource is listed any more: members of a deleted pool
// exist a little longer than their pool.
func (s *Sweeper) confirm(ctx context.Context) error {
	for start := time.Now(); ; wait(ctx, s.pollInterval()) {
		left, _, err := s.find(ctx)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("check that everything is gone: %w", context.Cause(ctx))
		case err != nil:
			return fmt.Errorf("check that everything is gone: %w", err)
		case len(left) == 0:
			return nil
		case time.Since(start) >= s.timeout():
			return fmt.Errorf("%d resources still exist, the first is %s: run the sweep again", len(left), left[0])
		}
	}
}

func (s *Sweeper) timeout() time.Duration { return cmp.Or(s.Timeout, 5*time.Minute) }

func (s *Sweeper) pollInterval() time.Duration { return cmp.Or(s.PollInterval, 3*time.Second) }

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
