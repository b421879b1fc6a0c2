package exoscale

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Waits between attempts: they double from the first one up to the last, each
// shortened by up to a half at random, so that clients which failed together
// do not come back together.
const (
	firstWait = 500 * time.Millisecond
	lastWait  = 10 * time.Second
	// longestAsked limits what a Retry-After header may ask for.
	longestAsked = 30 * time.Second
)

// newRetries repeats exchanges that may succeed the next time: 429, 5xx
// except 501, and broken or timed-out connections.
func newRetries(conf Config, next http.RoundTripper) http.RoundTripper {
	return &retryablehttp.RoundTripper{Client: &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport:     next,
			CheckRedirect: stay,
		},
		RetryMax:     conf.Retries,
		RetryWaitMin: firstWait,
		RetryWaitMax: lastWait,
		CheckRetry:   mayPass,
		Backoff: func(first, last time.Duration, attempt int, resp *http.Response) time.Duration {
			wait := backoff(first, last, attempt, resp)
			conf.Logger.Debug("API attempt failed, will repeat", "attempt", attempt+1, "status", statusOf(resp), "wait", wait)
			return wait
		},
		// The last answer is passed on: it says why.
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}}
}

// mayPass tells whether another attempt is worthwhile.
func mayPass(ctx context.Context, resp *http.Response, err error) (bool, error) {
	switch {
	case errors.Is(err, errMalformed):
		return false, err
	case err == nil && resp.StatusCode == http.StatusOK:
		// An answer counts even if the caller's time ended meanwhile.
		return false, nil
	}
	return retryablehttp.DefaultRetryPolicy(ctx, resp, err)
}

func backoff(first, last time.Duration, attempt int, resp *http.Response) time.Duration {
	if asked, ok := retryAfter(resp); ok {
		return min(asked, longestAsked)
	}
	wait := last
	if attempt < 16 {
		wait = min(first<<attempt, last)
	}
	return wait - rand.N(wait/2) //nolint:gosec // spreads load, guards nothing
}

// retryAfter reads how long the server asks to stay away, in either form that
// HTTP knows.
func retryAfter(resp *http.Response) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	value := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(time.Until(at), 0), true
	}
	return 0, false
}

func statusOf(resp *http.Response) int {
	if resp == nil {
		return 0
	}
	return resp.StatusCode
}
