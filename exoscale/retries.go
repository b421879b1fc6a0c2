package exoscale

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/exopool/exopool/autoscale"
)

// Waits between attempts double from the first to the last. Each is shortened
// by up to a half at random, so that clients that failed together do not try
// again together.
const (
	firstWait = 500 * time.Millisecond
	lastWait  = 10 * time.Second
	// longestWait is how long a call waits at most if a Retry-After header asks
	// it to. If it asks for more, the call fails at once, and so do all others
	// until that time: see [rateLimit].
	longestWait = 30 * time.Second
)

// newRetries repeats exchanges that may succeed the next time: 429, 5xx except
// 501, and broken or timed-out connections. It is for calls that may be repeated
// whatever happened meanwhile: see [repeats].
func newRetries(cfg Config, next *attempts) http.RoundTripper {
	return &retryablehttp.RoundTripper{Client: &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport:     next,
			CheckRedirect: refuseRedirect,
		},
		RetryMax:     cfg.Retries,
		RetryWaitMin: firstWait,
		RetryWaitMax: lastWait,
		CheckRetry:   mayPass,
		Backoff: func(first, last time.Duration, attempt int, resp *http.Response) time.Duration {
			wait := max(backoff(first, last, attempt, resp), next.limit.left(time.Now()))
			cfg.Logger.Debug("API attempt failed, will repeat", "attempt", attempt+1, "status", statusOf(resp), "wait", wait)
			return wait
		},
		// The last answer is passed on: it says why.
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}}
}

// mayPass reports whether another attempt is worthwhile.
func mayPass(ctx context.Context, resp *http.Response, err error) (bool, error) {
	switch {
	case errors.Is(err, errMalformed), errors.Is(err, autoscale.ErrRateLimited):
		return false, err
	case err == nil && resp.StatusCode == http.StatusOK:
		// An answer counts even if the caller's time ended meanwhile.
		return false, nil
	}
	if asked, ok := retryAfter(resp); ok && !fits(ctx, asked) {
		return false, nil
	}
	return retryablehttp.DefaultRetryPolicy(ctx, resp, err)
}

// fits reports whether a call may wait that long.
func fits(ctx context.Context, wait time.Duration) bool {
	if wait > longestWait {
		return false
	}
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait
}

// repeats reports whether a call may be repeated without a new decision: reads
// may, and so may the deletion of a resource by its id. Other calls set a value
// that another client may have set since, so that the caller must decide again.
func repeats(method string) bool {
	return method == http.MethodGet || method == http.MethodDelete
}

func backoff(first, last time.Duration, attempt int, resp *http.Response) time.Duration {
	if asked, ok := retryAfter(resp); ok && asked > 0 {
		return asked
	}
	wait := last
	if attempt < 16 {
		wait = min(first<<attempt, last)
	}
	return wait - rand.N(wait/2) //nolint:gosec // spreads load, guards nothing
}

func statusOf(resp *http.Response) int {
	if resp == nil {
		return 0
	}
	return resp.StatusCode
}
