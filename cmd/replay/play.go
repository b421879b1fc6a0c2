package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/exopool/exopool/replay"
)

// play replays each trace with each contender, several at a time, and returns the
// results in their order: all contenders of the first trace first.
func play(ctx context.Context, cfg config, traces []replay.Trace, progress *progress) ([]replay.Result, error) {
	results := make([]replay.Result, len(traces)*len(cfg.Contenders))
	progress.shares = make([]float64, len(results))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, trace := range traces {
		for j, contender := range cfg.Contenders {
			place := i*len(cfg.Contenders) + j
			group.Go(func() (err error) {
				results[place], err = replay.Run(ctx, trace, cfg.Model, contender, func(share float64) { progress.report(place, share) })
				progress.report(place, 1)
				return err
			})
		}
	}
	return results, group.Wait()
}

// quiet is how long nothing is said of the progress, and from one line to the next.
const quiet = 2 * time.Second

// A progress says how far the work is.
type progress struct {
	to io.Writer

	mu     sync.Mutex
	shares []float64
	said   time.Time
}

func newProgress(to io.Writer) *progress { return &progress{to: to, said: time.Now()} }

func (p *progress) report(place int, share float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shares[place] = share
	if time.Since(p.said) < quiet {
		return
	}
	p.said = time.Now()
	sum := 0.0
	for _, s := range p.shares {
		sum += s
	}
	fmt.Fprintf(p.to, "replay: %.0f %%\n", 100*sum/float64(len(p.shares)))
}
