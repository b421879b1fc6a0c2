// Package auth checks whether HTTP requests bring the shared secret of a program,
// and limits the rate of guesses.
//
// A source is an IPv4 address or an IPv6 network of 64 bits. It may send ten wrong
// secrets, and one more every ten seconds; requests beyond that are answered 429
// without a check. The requests of two kinds of sources are always checked, since
// otherwise another client at the same address could lock a legitimate sender
// out:
//
//   - loopback, which all programs on the host share
//   - sources that have brought the right secret within a day
//
// Only the speed of the host limits their guesses, so the secret must be long
// enough.
package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Guard admits requests that bring the secret. It is safe for concurrent use.
type Guard struct {
	required bool
	// Only the hash of the secret is kept: hashes have the same length, so that
	// every comparison takes the same time, and printing one does no harm.
	sum     [sha256.Size]byte
	sources sources
}

// New returns a guard that requires secret, or nothing if it is empty.
func New(secret string) *Guard {
	return &Guard{required: secret != "", sum: sha256.Sum256([]byte(secret)), sources: newSources()}
}

// Required reports whether the guard requires a secret.
func (g *Guard) Required() bool { return g.required }

// A Verdict is what a [Guard] decides about a request.
type Verdict struct {
	Code int    // 200, 401 or 429
	Text string // for the answer; never repeats the request
	// RetryAfter is, with 429, the time until a secret is checked again.
	RetryAfter time.Duration
}

// OK reports whether the request is admitted.
func (v Verdict) OK() bool { return v.Code == http.StatusOK }

// SetHeader adds the fields of the verdict to the header of an answer.
func (v Verdict) SetHeader(header http.Header, realm string) {
	switch v.Code {
	case http.StatusUnauthorized:
		header.Add("WWW-Authenticate", `Bearer realm="`+realm+`"`)
		header.Add("WWW-Authenticate", `Basic realm="`+realm+`"`)
	case http.StatusTooManyRequests:
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(v.RetryAfter.Seconds()))))
	}
}

// Check looks for the secret in a request: as bearer token, as the password of
// basic authentication, or in the query as "token". A request without any is no
// guess, and does not count as wrong.
func (g *Guard) Check(r *http.Request) Verdict {
	granted := Verdict{Code: http.StatusOK}
	if !g.required {
		return granted
	}
	guesses := secretsOf(r)
	if len(guesses) == 0 {
		return Verdict{Code: http.StatusUnauthorized, Text: "token is missing"}
	}
	right, wait := g.sources.try(SourceOf(r.RemoteAddr), time.Now(), func() bool { return g.matches(guesses) })
	switch {
	case right:
		return granted
	case wait > 0:
		return Verdict{Code: http.StatusTooManyRequests, Text: "too many wrong tokens", RetryAfter: wait}
	default:
		return Verdict{Code: http.StatusUnauthorized, Text: "token is wrong"}
	}
}

// secretsOf returns all that a request offers as secret.
func secretsOf(r *http.Request) []string {
	var all []string
	scheme, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		all = append(all, strings.TrimSpace(bearer))
	}
	if _, password, ok := r.BasicAuth(); ok {
		all = append(all, password)
	}
	if r.URL.RawQuery != "" {
		all = append(all, r.URL.Query().Get("token"))
	}
	return slices.DeleteFunc(all, func(guess string) bool { return guess == "" })
}

func (g *Guard) matches(guesses []string) bool {
	right := 0
	for _, guess := range guesses {
		sum := sha256.Sum256([]byte(guess))
		right |= subtle.ConstantTimeCompare(sum[:], g.sum[:])
	}
	return right == 1
}
