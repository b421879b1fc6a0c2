package promserver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/notifier"
	"github.com/exopool/exopool/internal/rehearsal/promserver"
)

// A receiver counts webhooks by path.
type receiver struct {
	*httptest.Server

	mu    sync.Mutex
	paths map[string]int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{paths: map[string]int{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.paths[req.Method+" "+req.URL.Path]++
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) count(path string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.paths["POST "+path]
}

func (r *receiver) total() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	total := 0
	for _, n := range r.paths {
		total += n
	}
	return total
}

func TestLoadOfThePoolBecomesWebhooks(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	n, err := notifier.New(notifier.Config{
		URL:            r.URL,
		GroupInterval:  300 * time.Millisecond,
		RepeatInterval: 450 * time.Millisecond,
		Timeout:        deadline,
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	delivering := make(chan error, 1)
	go func() { delivering <- n.Run(ctx) }()
	defer func() {
		cancel()
		require.NoError(t, <-delivering)
	}()
	s := newTestServer(t, func(cfg *promserver.Config) { cfg.Notify = n.Update })

	t.Log("high load, repeated while it lasts")
	member := newExporter(t, 0.97)
	s.write(t, member)
	require.Eventually(t, func() bool { return r.count("/up") >= 2 }, deadline, look)
	assert.Zero(t, r.count("/down"))

	t.Log("low load")
	member.load(0.03)
	require.Eventually(t, func() bool { return r.count("/down") >= 2 }, deadline, look)
	ups := r.count("/up")

	t.Log("no members, no data, no webhooks")
	s.write(t)
	require.Eventually(t, func() bool {
		_, ok := s.average(t)
		return !ok
	}, deadline, look)
	atMost := r.total() + 1 // One may be under way.
	assert.Never(t, func() bool { return r.total() > atMost }, 2*time.Second, look)
	assert.Equal(t, ups, r.count("/up"), "none since the load fell")
	assert.Equal(t, notifier.Counts{Delivered: ups}, n.Counts("up"))
}
