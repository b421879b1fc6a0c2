package exoscale

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/exopool/exopool/autoscale"
)

// longestLimit limits what a Retry-After header may ask for, so that one wrong
// answer does not stop a program for good.
const longestLimit = 24 * time.Hour

// A rateLimit stops all calls of a client for as long as a Retry-After header of
// the API asks (RFC 9110, section 10.2.3), up to a day. The header counts with
// 429 and 503, where it is about the client and not about one resource.
type rateLimit struct {
	mu     sync.Mutex
	until  time.Time
	status int // of the answer that asked for it
}

// update takes in what an answer asks for.
func (l *rateLimit) update(resp *http.Response, now time.Time) {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return
	}
	asked, ok := retryAfter(resp)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := now.Add(asked); until.After(l.until) {
		l.until, l.status = until, resp.StatusCode
	}
}

// left returns how long the API must not be called; zero or less when
// it is not.
func (l *rateLimit) left(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until.Sub(now)
}

// check returns an error while the API must not be called.
func (l *rateLimit) check(now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until.After(now) {
		return &rateLimited{until: l.until, status: l.status}
	}
	return nil
}

// A rateLimited call was not made.
type rateLimited struct {
	until  time.Time
	status int // of the answer that asked to wait
}

func (e *rateLimited) Error() string {
	return fmt.Sprintf("the API asks to wait until %s (%d %s): no call is made before",
		e.until.UTC().Format(time.RFC3339), e.status, http.StatusText(e.status))
}

// Is implements what [errors.Is] asks for.
func (e *rateLimited) Is(target error) bool {
	return target == autoscale.ErrRateLimited
}

// retryAfter returns how long the server asks to wait, in either form of the
// header, at most [longestLimit]. A time of day is measured by the
// server's clock if the answer has its time: ours may be wrong.
func retryAfter(resp *http.Response) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	value := strings.TrimSpace(resp.Header.Get("Retry-After"))
	if value != "" && strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil { // out of range
			seconds = math.MaxInt64
		}
		return time.Duration(min(seconds, int64(longestLimit/time.Second))) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		now, err := http.ParseTime(resp.Header.Get("Date"))
		if err != nil {
			now = time.Now()
		}
		return min(max(at.Sub(now), 0), longestLimit), true
	}
	return 0, false
}
