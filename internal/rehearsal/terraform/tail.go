package terraform

import (
	"strings"
)

// maxTail is how much of the program's output an error repeats, in bytes. The
// cause comes last.
const maxTail = 4 << 10

// A tail keeps the end of what is written to it.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if surplus := len(t.text) - maxTail; surplus > 0 {
		t.text = append(t.text[:0], t.text[surplus:]...)
	}
	return len(p), nil
}

// String returns the first error in the tail and what follows, else the last
// lines; as part of an error text, it begins with a line break.
func (t *tail) String() string {
	text := strings.ToValidUTF8(string(t.text), "?")
	if i := strings.Index(text, "Error: "); i >= 0 {
		text = text[strings.LastIndex(text[:i], "\n")+1:]
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	return "\n" + text
}
