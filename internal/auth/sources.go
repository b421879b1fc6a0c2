package auth

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// burst is how many wrong secrets a source may send, and refill the time
	// after which it may send another.
	burst  = 10
	refill = 10 * time.Second

	// maxFailed bounds the sources with a limit each. The others share one
	// limit, so that many addresses do not allow many guesses.
	maxFailed = 4096

	// maxProven bounds the sources that are known to have the secret, and
	// proven is how long they are.
	maxProven = 256
	proven    = 24 * time.Hour
)

// sources remembers which sources have sent wrong secrets, and which the right
// one.
type sources struct {
	mu     sync.Mutex
	failed map[netip.Prefix]*rate.Limiter
	others *rate.Limiter
	swept  time.Time // when failed was last cleaned up
	proven map[netip.Prefix]time.Time
}

func newSources() sources {
	return sources{failed: map[netip.Prefix]*rate.Limiter{}, others: newLimiter(), proven: map[netip.Prefix]time.Time{}}
}

func newLimiter() *rate.Limiter { return rate.NewLimiter(rate.Every(refill), burst) }

// SourceOf returns the source of a remote address. All that are no IP addresses
// are one source.
func SourceOf(remote string) netip.Prefix {
	addrPort, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	addr := addrPort.Addr().Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() && !addr.IsLoopback() {
		bits = 64
	}
	return netip.PrefixFrom(addr, bits).Masked()
}

// try calls right, unless the source has reached its limit. It returns the result,
// and how long the source stays at its limit.
func (s *sources) try(from netip.Prefix, now time.Time, right func() bool) (ok bool, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limiter := s.limiter(from, now)
	wait = untilNext(limiter, now)
	if wait > 0 && !s.trusted(from, now) {
		return false, wait
	}
	if right() {
		s.prove(from, now)
		return true, 0
	}
	if wait == 0 {
		limiter.AllowN(now, 1)
		s.keep(from, limiter)
	}
	return false, wait
}

// untilNext returns the time until the limiter allows one more.
func untilNext(l *rate.Limiter, now time.Time) time.Duration {
	missing := 1 - l.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing * float64(refill))
}

// limiter returns the limiter of a source: its own, as long as there is room.
func (s *sources) limiter(from netip.Prefix, now time.Time) *rate.Limiter {
	if known := s.failed[from]; known != nil {
		return known
	}
	if len(s.failed) >= maxFailed && now.Sub(s.swept) >= time.Second {
		s.swept = now
		for source, l := range s.failed {
			if l.TokensAt(now) >= burst {
				delete(s.failed, source)
			}
		}
	}
	if len(s.failed) >= maxFailed {
		return s.others
	}
	return newLimiter()
}

func (s *sources) keep(from netip.Prefix, l *rate.Limiter) {
	if l != s.others {
		s.failed[from] = l
	}
}

func (s *sources) trusted(from netip.Prefix, now time.Time) bool {
	if from.Addr().IsLoopback() {
		return true
	}
	last, known := s.proven[from]
	return known && now.Sub(last) < proven
}

// prove remembers that a source has the secret. If there is no room, it forgets
// the source that sent the secret longest ago.
func (s *sources) prove(from netip.Prefix, now time.Time) {
	if _, known := s.proven[from]; !known && len(s.proven) >= maxProven {
		oldest, when := netip.Prefix{}, now
		for source, last := range s.proven {
			if !last.After(when) {
				oldest, when = source, last
			}
		}
		delete(s.proven, oldest)
	}
	s.proven[from] = now
}
