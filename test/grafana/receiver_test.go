package grafana_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A webhook is one that the autoscaler got, and what it answered.
type webhook struct {
	at     time.Time
	path   string
	status int
	body   string
}

// A receiver writes down what arrives before the autoscaler answers it.
type receiver struct {
	autoscaler http.Handler

	mu  sync.Mutex
	got []webhook
}

func newReceiver(autoscaler http.Handler) *receiver { return &receiver{autoscaler: autoscaler} }

// ServeHTTP implements [http.Handler].
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodPost {
		r.autoscaler.ServeHTTP(w, request)
		return
	}
	at := time.Now()
	body, _ := io.ReadAll(request.Body)
	request.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	r.autoscaler.ServeHTTP(answer, request)
	w.WriteHeader(answer.Code)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, webhook{at, request.URL.Path, answer.Code, string(body)})
}

// on returns the webhooks on a path, in their order.
func (r *receiver) on(path string) []webhook {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.got), func(h webhook) bool { return h.path != path })
}

// await waits until there are n webhooks on a path, and returns the last.
func (w *world) await(t *testing.T, path string, n int, limit time.Duration) webhook {
	t.Helper()
	require.Eventually(t, func() bool { return len(w.hooks.on(path)) >= n }, limit, poll,
		"webhook %d on %s does not come", n, path)
	hook := w.hooks.on(path)[n-1]
	w.note(t, "webhook %d on %s, answered %d", n, path, hook.status)
	return hook
}

// silence checks that no webhook comes for a while, but for one that was on its
// way within the grace.
func (w *world) silence(t *testing.T, grace, length time.Duration) {
	t.Helper()
	count := func() int { return len(w.hooks.on("/up")) + len(w.hooks.on("/down")) }
	began := time.Now()
	before := count()
	after := before
	silent := assert.Never(t, func() bool {
		if time.Since(began) < grace {
			after = count()
		}
		return count() > after
	}, length, poll, "a webhook that should not be sent")
	if !silent {
		return
	}
	w.note(t, "no webhook for %s (%d in the first %s)", seconds(length-grace), after-before, grace)
}
