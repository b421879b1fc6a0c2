package iam

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

// signatureLife is how long clients of the API let a signature live.
const signatureLife = 10 * time.Minute

// authScheme is the only scheme of API v2.
const authScheme = "EXO2-HMAC-SHA256"

// An authorization is a parsed Authorization header.
type authorization struct {
	credential string
	signedArgs []string // names of query parameters, in the order signed
	expires    int64    // UNIX seconds
	signature  []byte
}

// parseAuthorization reads the header; ok is false unless it is complete,
// free of repetitions and of unknown parts.
func parseAuthorization(header string) (a authorization, ok bool) {
	scheme, rest, found := strings.Cut(header, " ")
	if !found || scheme != authScheme {
		return a, false
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(rest, ",") {
		// The signature is base64 and may itself contain "=".
		name, value, found := strings.Cut(part, "=")
		if !found || value == "" || seen[name] {
			return a, false
		}
		seen[name] = true
		var err error
		switch name {
		case "credential":
			a.credential = value
		case "signed-query-args":
			a.signedArgs = strings.Split(value, ";")
		case "expires":
			a.expires, err = strconv.ParseInt(value, 10, 64)
		case "signature":
			a.signature, err = base64.StdEncoding.DecodeString(value)
		default:
			return a, false
		}
		if err != nil {
			return a, false
		}
	}
	return a, seen["credential"] && seen["expires"] && seen["signature"]
}

// message returns the text that the signature covers.
func (a authorization) message(method, escapedPath string, query url.Values, body []byte) []byte {
	m := make([]byte, 0, len(method)+len(escapedPath)+len(body)+64)
	m = append(m, method...)
	m = append(m, ' ')
	m = append(m, escapedPath...)
	m = append(m, '\n')
	m = append(m, body...)
	m = append(m, '\n')
	for _, name := range a.signedArgs {
		m = append(m, query.Get(name)...)
	}
	// No headers are signed, hence the empty line.
	m = append(m, "\n\n"...)
	return strconv.AppendInt(m, a.expires, 10)
}

// A Keyring holds the secrets of all API keys. Its methods are safe for
// concurrent use, as signatures are verified before the world is locked.
type Keyring struct {
	mu      sync.RWMutex
	secrets map[string]string
}

func (k *Keyring) secret(key string) (secret string, known bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	secret, known = k.secrets[key]
	return secret, known
}

// Add makes an API key known.
func (k *Keyring) Add(key, secret string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.secrets == nil {
		k.secrets = map[string]string{}
	}
	k.secrets[key] = secret
}

// Remove makes an API key unknown.
func (k *Keyring) Remove(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.secrets, key)
}

// Reset makes these the only API keys.
func (k *Keyring) Reset(secrets map[string]string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.secrets = maps.Clone(secrets)
}

// Redact returns a text without the secrets of API keys.
func (k *Keyring) Redact(text string) string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	for _, secret := range k.secrets {
		text = strings.ReplaceAll(text, secret, "…")
	}
	return text
}

// Verify returns the API key that signed the request.
func (k *Keyring) Verify(r *http.Request, query url.Values, body []byte, now time.Time) (key string, err error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", wire.Unauthenticated("request is not signed")
	}
	a, ok := parseAuthorization(header)
	if !ok {
		return "", wire.Unauthenticated("malformed Authorization header")
	}
	// An unknown key takes as long as a wrong signature and gets the same
	// answer, so that keys cannot be guessed.
	secret, known := k.secret(a.credential)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(a.message(r.Method, r.URL.EscapedPath(), query, body))
	if !hmac.Equal(mac.Sum(nil), a.signature) || !known {
		return "", UnknownKey()
	}
	if a.expires <= now.Unix() {
		return "", wire.Forbidden("request signature has expired")
	}
	for name, values := range query {
		if len(values) == 1 && !slices.Contains(a.signedArgs, name) {
			return "", wire.Forbidden("query parameter %q is not signed", name)
		}
	}
	return a.credential, nil
}

// UnknownKey refuses a request whose key is not known; a wrong signature gets
// the same answer, so that keys cannot be guessed.
func UnknownKey() error { return wire.Forbidden("unknown API key or invalid request signature") }

// Sign returns the Authorization header that a client would send.
func Sign(key, secret string, req *http.Request, query url.Values, body []byte, now time.Time) string {
	a := authorization{credential: key, expires: now.Add(signatureLife).Unix()}
	for name, values := range query {
		if len(values) == 1 {
			a.signedArgs = append(a.signedArgs, name)
		}
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(a.message(req.Method, req.URL.EscapedPath(), query, body))
	a.signature = mac.Sum(nil)
	return a.String()
}

// String returns the header that [parseAuthorization] reads.
func (a authorization) String() string {
	header := authScheme + " credential=" + a.credential
	for i, name := range a.signedArgs {
		sep := ";"
		if i == 0 {
			sep = ",signed-query-args="
		}
		header += sep + name
	}
	return fmt.Sprintf("%s,expires=%d,signature=%s", header, a.expires, base64.StdEncoding.EncodeToString(a.signature))
}
