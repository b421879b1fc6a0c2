// Package auth decides whether HTTP requests bring the shared secret of a
// program, and slows down those that guess it.
//
// A source is an IPv4 address or an IPv6 network of 64 bits. It has ten wrong
// secrets free, and one more every ten seconds; what goes beyond is answered
// 429 and not looked at. Two kinds of sources are always looked at, since
// otherwise whoever shares the address of a rightful sender could lock it out:
//
//   - loopback, which all programs of the computer share
//   - those that have brought the right secret within a day
//
// There guesses are bounded by the computer alone, so that the length of the
// secret has to make them hopeless.
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

// A Guard lets requests in that bring the secret. It is safe for concurrent
// use.
type Guard struct {
	required bool
	// Only the hash of the secret is kept: hashes have one length, so that
	// comparing takes the same time for every guess, and they can be printed
	// by mistake without harm.
	sum     [sha256.Size]byte
	sources sources
}

// New returns a guard that asks for secret, or for nothing if it is empty.
func New(secret string) *Guard {
	return &Guard{required: secret != "", sum: sha256.Sum256([]byte(secret)), sources: newSources()}
}

// Required reports whether the guard asks for a secret at all.
func (g *Guard) Required() bool { return g.required }

// A Verdict is what a [Guard] makes of a request.
type Verdict struct {
	Code int    // 200, 401 or 429
	Text string // for the answer; repeats nothing of the request
	// RetryAfter tells with 429 when a secret will be looked at again.
	RetryAfter time.Duration
}

// OK reports whether the request is let in.
func (v Verdict) OK() bool { return v.Code == http.StatusOK }

// SetHeader adds to the header of an answer what belongs to the verdict.
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
// basic authentication, or in the query as "token". A request that brings
// nothing guesses nothing, and does not count as wrong.
func (g *Guard) Check(r *http.Request) Verdict {
	granted := Verdict{Code: http.StatusOK}
	if !g.required {
		return granted
	}
	guesses := brought(r)
	if len(guesses) == 0 {
		return Verdict{Code: http.StatusUnauthorized, Text: "token is missing"}
	}
	right, wait := g.sources.try(SourceOf(r.RemoteAddr), time.Now(), func() bool { return g.right(guesses) })
	switch {
	case right:
		return granted
	case wait > 0:
		return Verdict{Code: http.StatusTooManyRequests, Text: "too many wrong tokens", RetryAfter: wait}
	default:
		return Verdict{Code: http.StatusUnauthorized, Text: "token is wrong"}
	}
}

// brought returns what a request offers as secret.
func brought(r *http.Request) []string {
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

func (g *Guard) right(guesses []string) bool {
	right := 0
	for _, guess := range guesses {
		sum := sha256.Sum256([]byte(guess))
		right |= subtle.ConstantTimeCompare(sum[:], g.sum[:])
	}
	return right == 1
}
