package replay

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Compare replays each trace with each contender, several at a time, and returns the
// results in their order: all contenders of the first trace first. It calls progress
// from time to time, if that is not nil, with the share of the work that is done.
func Compare(ctx context.Context, traces []Trace, cfg Config, contenders []Contender, progress func(share float64)) ([]Result, error) {
	results := make([]Result, len(traces)*len(contenders))
	done := shares{of: make([]float64, len(results)), report: progress}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, trace := range traces {
		for j, contender := range contenders {
			place := i*len(contenders) + j
			group.Go(func() (err error) {
				results[place], err = Run(ctx, trace, cfg, contender, func(share float64) { done.set(place, share) })
				done.set(place, 1)
				return err
			})
		}
	}
	return results, group.Wait()
}

// shares are what is done of several pieces of work.
type shares struct {
	mu     sync.Mutex
	of     []float64
	report func(share float64)
}

func (s *shares) set(place int, share float64) {
	if s.report == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of[place] = share
	sum := 0.0
	for _, one := range s.of {
		sum += one
	}
	s.report(sum / float64(len(s.of)))
}
