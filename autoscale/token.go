package autoscale

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// token checks the shared secret of webhooks. Only its hash is kept: hashes
// have one length, so that comparing takes the same time for every guess, and
// they can be printed by mistake without harm.
type token struct {
	required bool
	sum      [sha256.Size]byte
}

func newToken(secret string) token {
	return token{required: secret != "", sum: sha256.Sum256([]byte(secret))}
}

// allows tells whether the request brings the secret in one of three places.
func (t token) allows(r *http.Request) bool {
	if !t.required {
		return true
	}
	scheme, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") && t.equals(strings.TrimSpace(bearer)) {
		return true
	}
	if _, password, ok := r.BasicAuth(); ok && t.equals(password) {
		return true
	}
	return t.equals(r.URL.Query().Get("token"))
}

func (t token) equals(guess string) bool {
	sum := sha256.Sum256([]byte(guess))
	return subtle.ConstantTimeCompare(sum[:], t.sum[:]) == 1
}
