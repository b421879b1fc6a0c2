package exoscale

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxAnswer limits the body of an answer, in bytes. Ten thousand instances
// take about 10 MiB.
const maxAnswer = 64 << 20

// attempts makes single exchanges. It measures them and reads the whole body, so
// that a connection that is lost half way counts as a failed attempt and is
// repeated like any other. It makes none before the time that the API asked
// for.
type attempts struct {
	next    http.RoundTripper
	timeout time.Duration
	metrics *metrics
	limit   rateLimit
}

// RoundTrip implements [http.RoundTripper].
func (a *attempts) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := a.limit.check(time.Now()); err != nil {
		return nil, err
	}
	past := historyOf(req.Context())
	past.attempts++
	start := time.Now()
	resp, body, err := a.exchange(req)
	a.metrics.observe(req, resp, time.Since(start))
	if err != nil {
		if req.Context().Err() == nil {
			past.failure = err
		}
		return nil, err
	}
	a.limit.update(resp, time.Now())
	past.status, past.body = resp.StatusCode, body
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// exchange returns the answer and its whole body; the answer is nil when any
// part of it is missing.
func (a *attempts) exchange(req *http.Request) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(req.Context(), a.timeout)
	defer cancel()
	resp, err := a.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, nil, a.failure(ctx, req, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, nil, a.failure(ctx, req, fmt.Errorf("read the answer: %w", err))
	}
	if len(body) > maxAnswer {
		return nil, nil, fmt.Errorf("%w: longer than %d MiB", errMalformed, maxAnswer>>20)
	}
	return resp, body, nil
}

// failure adds to err that the time of this attempt ran out, if it did.
func (a *attempts) failure(attempt context.Context, req *http.Request, err error) error {
	if attempt.Err() != nil && req.Context().Err() == nil {
		return fmt.Errorf("no answer within %s: %w", a.timeout, err)
	}
	return err
}

// A history is what happened to one call so far. Attempts follow one another, so
// only one goroutine at a time uses it.
type history struct {
	attempts int
	status   int    // of the last whole answer; 0 when there was none
	body     []byte // of the last whole answer
	failure  error  // of the newest attempt that failed before the caller's time ended
}

// String is the end of an error text; it is empty for a single attempt.
func (h *history) String() string {
	if h.attempts < 2 {
		return ""
	}
	return fmt.Sprintf(" (%d attempts)", h.attempts)
}

type historyKey struct{}

// historyOf returns the history in ctx, or a fresh one.
func historyOf(ctx context.Context) *history {
	if h, ok := ctx.Value(historyKey{}).(*history); ok {
		return h
	}
	return new(history)
}
