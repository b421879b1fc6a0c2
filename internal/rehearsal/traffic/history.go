package traffic

import (
	"slices"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

const (
	// maxSamples bounds how far back windows reach: over two hours at eight
	// requests per second, in under 4 MiB.
	maxSamples = 1 << 16
	// maxErrorSamples is enough to see what goes wrong. Distinct texts are not
	// bounded, as they differ in port numbers.
	maxErrorSamples = 10
)

// Stats counts requests since the generator started.
type Stats struct {
	Requests  int // finished, with or without an error
	Errors    int // no answer in time, a broken connection, or a status outside 200-399
	InFlight  int // sent and not finished
	Abandoned int // cut off by the end of the run's context; in neither of the others
	// ErrorSamples are the texts of the first ten errors.
	ErrorSamples []string
}

// A Window sums up the requests that were sent within a span of time and have
// finished since.
type Window struct {
	Requests int
	Errors   int
	// Latencies of the requests without an error, from sending to the last
	// byte of the answer; zero when there were none. An error would flatter
	// them: a refused connection is quick.
	P50, P95, Max time.Duration
}

type sample struct {
	sent    time.Time
	latency time.Duration
	failed  bool
}

// A history is what happened to requests.
type history struct {
	mu      sync.Mutex
	stats   Stats
	samples []sample // a ring once it has maxSamples
	oldest  int
}

func (h *history) sent() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stats.InFlight++
}

// finish counts one result. Errors after the end of the run are caused by the
// generator itself.
func (h *history) finish(r *vegeta.Result, ended bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stats.InFlight--
	failed := r.Error != ""
	if failed && ended {
		h.stats.Abandoned++
		return
	}
	h.stats.Requests++
	if failed {
		h.stats.Errors++
		if len(h.stats.ErrorSamples) < maxErrorSamples {
			h.stats.ErrorSamples = append(h.stats.ErrorSamples, r.Error)
		}
	}
	h.keep(sample{sent: r.Timestamp, latency: r.Latency, failed: failed})
}

func (h *history) keep(s sample) {
	if len(h.samples) < maxSamples {
		h.samples = append(h.samples, s)
		return
	}
	h.samples[h.oldest] = s
	h.oldest = (h.oldest + 1) % maxSamples
}

func (h *history) snapshot() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	stats := h.stats
	stats.ErrorSamples = slices.Clone(stats.ErrorSamples)
	return stats
}

func (h *history) window(from, to time.Time) Window {
	h.mu.Lock()
	defer h.mu.Unlock()
	var w Window
	var latencies vegeta.LatencyMetrics
	for _, s := range h.samples {
		if s.sent.Before(from) || !s.sent.Before(to) {
			continue
		}
		w.Requests++
		if s.failed {
			w.Errors++
			continue
		}
		latencies.Add(s.latency)
	}
	if w.Requests > w.Errors {
		w.P50, w.P95, w.Max = latencies.Quantile(0.50), latencies.Quantile(0.95), latencies.Max
	}
	return w
}
