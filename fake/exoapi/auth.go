package exoapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

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

// A verifier knows the secrets of all API keys.
type verifier struct{ secrets *keyring }

// verify returns the API key that signed the request.
func (v verifier) verify(r *http.Request, query url.Values, body []byte, now time.Time) (key string, err error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", &problem{kind: kindUnauthenticated, message: "request is not signed"}
	}
	a, ok := parseAuthorization(header)
	if !ok {
		return "", &problem{kind: kindUnauthenticated, message: "malformed Authorization header"}
	}
	// An unknown key takes as long as a wrong signature and gets the same
	// answer, so that keys cannot be guessed.
	secret, known := v.secrets.secret(a.credential)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(a.message(r.Method, r.URL.EscapedPath(), query, body))
	if !hmac.Equal(mac.Sum(nil), a.signature) || !known {
		return "", unknownKey()
	}
	if a.expires <= now.Unix() {
		return "", forbidden("request signature has expired")
	}
	for name, values := range query {
		if len(values) == 1 && !slices.Contains(a.signedArgs, name) {
			return "", forbidden("query parameter %q is not signed", name)
		}
	}
	return a.credential, nil
}

func unknownKey() error { return forbidden("unknown API key or invalid request signature") }
