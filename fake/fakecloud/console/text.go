package console

import (
	"regexp"
	"strings"
	"unicode"
)

// escapes are sequences that terminals obey: colours, moves, titles.
var escapes = regexp.MustCompile(`\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])`)

// plain returns a text as a page may show it: without sequences for terminals,
// control characters and what is invisible or turns the direction of text.
func plain(text string) string {
	text = escapes.ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, text)
}

// maxText is the longest piece of a user's text in a message, in bytes.
const maxText = 100

// shorten returns the beginning of a text.
func shorten(text string) string {
	if len(text) > maxText {
		return strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return text
}
