package autoscale

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A classifier finds out what a webhook asks for beyond its path.
type classifier struct {
	// listed are the names of the alerts that count, for each direction; nil:
	// all webhooks count.
	listed map[Direction][]string
}

// answer returns what a webhook gets for its address, its headers and its body.
func (c classifier) answer(r *http.Request, body []byte, direction Direction) answer {
	media := mediaType(r.Header.Get("Content-Type"))
	if !known(media) || r.Header.Get("Content-Encoding") != "" {
		return answer{code: http.StatusUnsupportedMediaType, outcome: unsupported, text: "send JSON, a form, text or nothing, and not compressed"}
	}
	m := message{direction: direction, strict: c.listed != nil, listed: c.listed[direction]}
	m.readForm(r.URL.RawQuery)
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	switch {
	case len(body) == 0:
	case isJSON(media), body[0] == '{', body[0] == '[':
		if err := m.readJSON(body); err != nil {
			return answer{code: http.StatusBadRequest, outcome: malformed, text: "body is not valid: " + err.Error()}
		}
	case body[0] == '<', bytes.IndexByte(body, 0) >= 0:
		return answer{code: http.StatusUnsupportedMediaType, outcome: unsupported, text: "body is a page or a file, and no webhook"}
	default:
		m.readText(string(body))
	}
	a := m.answer()
	a.confirm = m.confirm
	return a
}

// mediaType leaves out parameters, which may be missing or malformed.
func mediaType(contentType string) string {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// known reports whether senders of webhooks use a media type: SNS sends JSON as
// plain text, curl -d and several libraries send what they are given as a form.
func known(media string) bool {
	return isJSON(media) || slices.Contains([]string{"", "text/plain", "application/x-www-form-urlencoded"}, media)
}

func isJSON(media string) bool {
	return media == "application/json" || strings.HasSuffix(media, "+json")
}

// isConfirmation reports whether an address is one that confirms a subscription
// of SNS. Any other could lead the operator anywhere.
func isConfirmation(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.User == nil && snsHost.MatchString(u.Host) &&
		u.Query().Get("Action") == "ConfirmSubscription"
}

var snsHost = regexp.MustCompile(`^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$`)
