package traffic_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/traffic"
)

// A server answers in process, after a delay that may change.
type server struct {
	mu     sync.Mutex
	delay  time.Duration
	status int
	broken error
	busy   int
	peak   int
	at     []time.Time
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.at = append(s.at, time.Now())
	s.busy++
	s.peak = max(s.peak, s.busy)
	delay, status, broken := s.delay, s.status, s.broken
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.busy--
	}()
	select {
	case <-req.Context().Done():
		return nil, req.Context().Err()
	case <-time.After(delay):
	}
	if broken != nil {
		return nil, broken
	}
	if status == 0 {
		status = http.StatusOK
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(strings.NewReader("OK")), Request: req}, nil
}

func (s *server) slow(delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = delay
}

func (s *server) fail(status int, broken error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.broken = status, broken
}

func (s *server) hits() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.at)
}

func (s *server) shortestGap(from int) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	shortest := time.Duration(1<<63 - 1)
	for i := max(from, 1); i < len(s.at); i++ {
		shortest = min(shortest, s.at[i].Sub(s.at[i-1]))
	}
	return shortest
}

// startGenerator runs a generator in a synctest bubble until the test ends.
func startGenerator(t *testing.T, s *server, change func(*traffic.Config)) *traffic.Generator {
	t.Helper()
	cfg := traffic.Config{URL: "http://127.0.0.1:8080/load", Period: time.Second, Transport: s}
	if change != nil {
		change(&cfg)
	}
	p, err := traffic.New(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return p
}

// sleep lets virtual time pass and everything due by then happen.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestRateIsClientsPerPeriod(t *testing.T) {
	for _, clients := range []int{1, 2, 5, 10} {
		synctest.Test(t, func(t *testing.T) {
			s := &server{delay: 10 * time.Millisecond}
			p := startGenerator(t, s, nil)
			p.SetClients(clients)
			sleep(20*time.Second - time.Millisecond)
			assert.Equal(t, 20*clients, s.hits())
			assert.Equal(t, time.Second/time.Duration(clients), s.shortestGap(0), "they are spread evenly")
		})
	}
}

func TestNoMoreRequestsInFlightThanClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{delay: 25 * time.Second}
		p := startGenerator(t, s, nil)
		p.SetClients(4)
		sleep(24 * time.Second)
		assert.Equal(t, 4, p.Stats().InFlight)
		sleep(10 * time.Minute)
		assert.Equal(t, 4, s.peak)
		assert.Zero(t, p.Stats().Errors, "slow is not an error")
	})
}

func TestMissedRequestsAreNotMadeUpFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{delay: 20 * time.Second}
		p := startGenerator(t, s, nil)
		p.SetClients(10)
		sleep(19 * time.Second) // All ten wait since the first second.
		require.Equal(t, 10, s.hits())
		s.slow(time.Millisecond)
		sleep(11*time.Second - time.Millisecond)
		assert.GreaterOrEqual(t, s.shortestGap(10), 100*time.Millisecond)
		assert.Equal(t, 10+100, s.hits(), "answers came from second 20 on, ten requests a second followed")
	})
}

func TestClientsChangeWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{delay: time.Millisecond}
		p := startGenerator(t, s, nil)
		hitsIn := func(d time.Duration) int {
			before := s.hits()
			sleep(d)
			return s.hits() - before
		}
		assert.Zero(t, hitsIn(time.Hour), "no clients at first")
		assert.Equal(t, 10, p.SetClients(99), "the maximum")
		assert.InDelta(t, 100, hitsIn(10*time.Second), 1)
		p.SetClients(2)
		assert.InDelta(t, 20, hitsIn(10*time.Second), 1)
		assert.Equal(t, 0, p.SetClients(-1))
		assert.Zero(t, hitsIn(time.Hour))
		p.SetClients(5)
		assert.Equal(t, 5, p.Clients())
		assert.InDelta(t, 50, hitsIn(10*time.Second), 1)
	})
}

func TestChangeTakesEffectAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		p := startGenerator(t, s, func(cfg *traffic.Config) { cfg.Period = time.Hour })
		p.SetClients(1)
		sleep(time.Minute)
		require.Equal(t, 1, s.hits())
		p.SetClients(10)
		sleep(5 * time.Minute)
		assert.Equal(t, 2, s.hits(), "the second is due six minutes after the first, not after an hour")
	})
}

func TestStopWaitsForAnswersInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{delay: 8 * time.Second}
		p, err := traffic.New(traffic.Config{URL: "http://127.0.0.1/load", Period: time.Second, Transport: s})
		require.NoError(t, err)
		p.SetClients(3)
		time.AfterFunc(5*time.Second, p.Stop)
		began := time.Now()
		require.NoError(t, p.Run(t.Context()))
		assert.Equal(t, traffic.Stats{Requests: 3}, p.Stats())
		assert.Less(t, time.Since(began), 9*time.Second)
	})
}

func TestEndOfContextCutsRequestsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{delay: 8 * time.Second}
		p, err := traffic.New(traffic.Config{URL: "http://127.0.0.1/load", Period: time.Second, Transport: s})
		require.NoError(t, err)
		p.SetClients(3)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		require.NoError(t, p.Run(ctx))
		assert.Equal(t, 5*time.Second, time.Since(began))
		assert.Equal(t, traffic.Stats{Abandoned: 3}, p.Stats(), "what the generator cut off itself is no error")
	})
}

func TestErrorsAreCountedWithTheirTexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		p := startGenerator(t, s, func(cfg *traffic.Config) { cfg.Timeout = 3 * time.Second })
		p.SetClients(1)
		synctest.Wait()
		s.fail(http.StatusServiceUnavailable, nil)
		sleep(time.Second)
		s.fail(0, errors.New("connection reset by peer"))
		sleep(time.Second)
		s.fail(0, nil)
		s.slow(time.Minute)
		sleep(4 * time.Second)
		stats := p.Stats()
		assert.Equal(t, 4, stats.Requests)
		assert.Equal(t, 3, stats.Errors)
		require.Len(t, stats.ErrorSamples, 3)
		assert.Equal(t, "Service Unavailable", stats.ErrorSamples[0])
		assert.Contains(t, stats.ErrorSamples[1], "connection reset by peer")
		assert.Contains(t, stats.ErrorSamples[2], "context deadline exceeded")
		s.fail(http.StatusBadGateway, nil)
		s.slow(0)
		sleep(time.Minute)
		assert.Len(t, p.Stats().ErrorSamples, 10, "samples are bounded")
	})
}

func TestWindowsTellPhasesApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{delay: 2 * time.Second}
		p := startGenerator(t, s, nil)
		began := time.Now()
		p.SetClients(10)
		sleep(30*time.Second + time.Millisecond) // Off the grid of requests.
		s.slow(100 * time.Millisecond)
		middle := time.Now()
		sleep(30 * time.Second)
		s.fail(http.StatusServiceUnavailable, nil)
		broken := time.Now()
		sleep(2 * time.Second)

		before, after, failing := p.Window(began, middle), p.Window(middle, broken), p.Window(broken, time.Now())
		assert.InDelta(t, 150, before.Requests, 10)
		assert.Equal(t, 2*time.Second, before.P95)
		assert.Equal(t, 2*time.Second, before.Max)
		assert.InDelta(t, 300, after.Requests, 10)
		assert.Equal(t, 100*time.Millisecond, after.P95)
		assert.Equal(t, 100*time.Millisecond, after.P50)
		assert.Positive(t, failing.Errors)
		assert.Equal(t, failing.Requests, failing.Errors)
		assert.Zero(t, failing.P95, "errors have no latency")
		assert.Equal(t, p.Stats().Requests, before.Requests+after.Requests+failing.Requests)
		assert.Zero(t, p.Window(broken, middle), "an empty span")
	})
}

func TestQuantilesFollowTheDistribution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		p := startGenerator(t, s, nil)
		p.SetClients(1)
		sleep(time.Millisecond)
		began := time.Now()
		for i := range 100 {
			s.slow(time.Duration(i+1) * time.Millisecond)
			sleep(time.Second)
		}
		sleep(100 * time.Millisecond)
		w := p.Window(began, time.Now())
		assert.InDelta(t, 50, w.P50.Milliseconds(), 2)
		assert.InDelta(t, 95, w.P95.Milliseconds(), 2)
		assert.Equal(t, 100*time.Millisecond, w.Max)
	})
}

func TestConfigurationFaultsAreNamedTogether(t *testing.T) {
	_, err := traffic.New(traffic.Config{URL: "8080", MaxClients: -1, Timeout: -1})
	require.ErrorContains(t, err, `"8080"`)
	require.ErrorContains(t, err, "Period is 0s")
	require.ErrorContains(t, err, "MaxClients is -1")
	require.ErrorContains(t, err, "Timeout is -1ns")
}
