package console_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/fake/fakecloud/console"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[\x1b[0;32m  OK  \x1b[0m] Started sshd": "[  OK  ] Started sshd",
		"\x1b]0;title\x07text\x1b]2;x\x1b\\":     "text",
		"a\r\nb\tc\rd":                           "a\nb\tcd",
		"bell\x07 nul\x00 \x1b7cursor":           "bell nul 7cursor",
		"right\u202eleft\u200b":                  "rightleft",
		"\xff<script>":                           "\uFFFD<script>",
	} {
		assert.Equal(t, want, console.Plain(text), "%q", text)
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("[\x1b[0;32m  OK  \x1b[0m]\r\n")
	f.Add("\x1b]8;;http://example.com\x1b\\link\x9b31m\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		got := console.Plain(text)
		assert.True(t, utf8.ValidString(got))
		assert.False(t, strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }))
	})
}
