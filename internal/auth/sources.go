package auth

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// burst is how many wrong secrets a source has free, and refill after
	// which time it gets one of them back.
	burst  = 10
	refill = 10 * time.Second

	// maxFailed bounds the sources that are counted one by one. The others
	// share one allowance, so that many addresses do not make many guesses.
	maxFailed = 4096

	// maxProven bounds the sources that are known to have the secret.
	maxProven = 256
	proven    = 24 * time.Hour
)

// sources remembers who has brought wrong secrets, and who the right one.
type sources struct {
	mu     sync.Mutex
	failed map[netip.Prefix]*rate.Limiter
	others *rate.Limiter
	swept  time.Time // when failed was last searched for what can go
	proven map[netip.Prefix]time.Time
}

func newSources() sources {
	return sources{failed: map[netip.Prefix]*rate.Limiter{}, others: allowance(), proven: map[netip.Prefix]time.Time{}}
}

func allowance() *rate.Limiter { return rate.NewLimiter(rate.Every(refill), burst) }

// SourceOf returns whom a remote address is counted as. Addresses that are no
// IP addresses are one source.
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

// try asks right, unless the source has used up its allowance. It returns the
// answer, and how long the allowance stays used up.
func (s *sources) try(from netip.Prefix, now time.Time, right func() bool) (ok bool, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limiter := s.limiter(from, now)
	wait = missing(limiter, now)
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

// missing returns how long it takes until the limiter allows one more.
func missing(l *rate.Limiter, now time.Time) time.Duration {
	lack := 1 - l.TokensAt(now)
	if lack <= 0 {
		return 0
	}
	return time.Duration(lack * float64(refill))
}

// limiter returns the allowance of a source, which is its own as long as there
// is room.
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
	return allowance()
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

// prove remembers that a source has the secret, in the place of the one that
// showed it longest ago if there is no room.
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
