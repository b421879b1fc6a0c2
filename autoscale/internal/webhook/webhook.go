// Package webhook finds out what a webhook asks for: from its path, its address
// and its body, whichever program sent it.
//
// What the bodies of each sender mean is in the tables of formats.go, and there
// only. The package records nothing and answers nothing.
package webhook

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// The directions that a webhook may ask for, named after its path.
const (
	Up   = "up"
	Down = "down"
)

// An Outcome is what became of a webhook; a label of metrics.
type Outcome string

// All outcomes.
const (
	Accepted      Outcome = "accepted"      // recorded
	Ignored       Outcome = "ignored"       // understood, and asks for nothing
	Contradictory Outcome = "contradictory" // meant for the other path, so ignored
	Refused       Outcome = "refused"       // wrong or missing token
	RateLimited   Outcome = "rate-limited"  // too many wrong tokens from its address
	Unlisted      Outcome = "unlisted"      // not one of the alerts that count
	Malformed     Outcome = "malformed"     // unreadable body
	Unsupported   Outcome = "unsupported"   // a content type that no sender uses
	TooLarge      Outcome = "too-large"     // body over the limit
)

// Outcomes returns all outcomes.
func Outcomes() []Outcome {
	return []Outcome{Accepted, Ignored, Contradictory, Refused, RateLimited, Unlisted, Malformed, Unsupported, TooLarge}
}

// An Answer is the answer to a webhook. Its text never repeats what was sent
// beyond the kind of mistake in it.
type Answer struct {
	Code    int
	Outcome Outcome
	Text    string
	// ConfirmURL is the address at which the operator confirms a subscription,
	// if the webhook brings one. It is for the log only.
	ConfirmURL string
}

// A Reader finds out what webhooks ask for.
type Reader struct {
	// Alerts are the names of the alerts that count, by direction. Nil: every
	// webhook counts.
	Alerts map[string][]string
}

// Read returns the answer to a webhook that came to the path of a direction.
func (r Reader) Read(req *http.Request, body []byte, direction string) Answer {
	media := mediaType(req.Header.Get("Content-Type"))
	if !isSupported(media) || req.Header.Get("Content-Encoding") != "" {
		return Answer{Code: http.StatusUnsupportedMediaType, Outcome: Unsupported, Text: "send JSON, a form, text or nothing, and not compressed"}
	}
	m := message{direction: direction, strict: r.Alerts != nil, listed: r.Alerts[direction]}
	m.readForm(req.URL.RawQuery)
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	switch {
	case len(body) == 0:
	case isJSON(media), body[0] == '{', body[0] == '[':
		if err := m.readJSON(body); err != nil {
			return Answer{Code: http.StatusBadRequest, Outcome: Malformed, Text: "body is not valid: " + err.Error()}
		}
	case body[0] == '<', bytes.IndexByte(body, 0) >= 0:
		return Answer{Code: http.StatusUnsupportedMediaType, Outcome: Unsupported, Text: "body is a web page or a file, not a webhook"}
	default:
		m.readText(string(body))
	}
	a := m.answer()
	a.ConfirmURL = m.confirmURL
	return a
}

// mediaType returns the content type without parameters, which may be missing or
// malformed.
func mediaType(contentType string) string {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// isSupported reports whether senders of webhooks use a media type: SNS sends
// JSON as plain text; curl -d and several libraries send everything as a form.
func isSupported(media string) bool {
	return isJSON(media) || slices.Contains([]string{"", "text/plain", "application/x-www-form-urlencoded"}, media)
}

func isJSON(media string) bool {
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

// isConfirmation reports whether an address confirms a subscription of SNS. Any
// other could lead the operator anywhere.
func isConfirmation(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.User == nil && snsHost.MatchString(u.Host) &&
		u.Query().Get("Action") == "ConfirmSubscription"
}

var snsHost = regexp.MustCompile(`^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$`)
