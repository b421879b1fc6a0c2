package cloudinitstatus

import (
	"regexp"
	"strings"
	"unicode"
)

// longestLine bounds a line that is passed on, in bytes.
const longestLine = 300

var (
	// escape is a sequence that moves a terminal's cursor or colours its text.
	escape = regexp.MustCompile(`\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)`)
	// assignment gives a secret away by the name of what it is assigned to.
	assignment = regexp.MustCompile(`(?i)\b([\w-]*(?:secret|passw(?:or)?d|token|api[_-]?key|exoscale_key|private[_-]?key))(["']?\s*[=:]\s*|\s+)("[^"]*"|'[^']*'|[^\s"',;]+)`)
	bearer     = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[\w.+/=-]{8,}`)
	// accountKey is a key of an Exoscale account.
	accountKey = regexp.MustCompile(`\bEXO[0-9a-fA-F]{24,}\b`)
	// credentials are those in an address.
	credentials = regexp.MustCompile(`://[^/\s:@]+:[^/\s@]+@`)
)

// Clean returns a line of output fit to be shown: what a progress bar wrote last,
// without control characters and what looks like a secret, and not too long.
func Clean(line string) string {
	line = strings.TrimRight(line, "\r\n")
	line = line[strings.LastIndexByte(line, '\r')+1:]
	line = strings.ToValidUTF8(line[:min(len(line), 4*longestLine)], "?")
	line = escape.ReplaceAllString(line, "")
	line = strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp):
			return -1
		}
		return r
	}, line)
	line = redact(line)
	if len(line) > longestLine {
		line = strings.ToValidUTF8(line[:longestLine], "") + "…"
	}
	return strings.TrimRight(line, " ")
}

func redact(line string) string {
	line = assignment.ReplaceAllStringFunc(line, func(found string) string {
		part := assignment.FindStringSubmatch(found)
		if strings.TrimSpace(part[2]) == "" && !isOption(line, part[1]) {
			return found // "token expired" is no assignment, "--token x" is one
		}
		return part[1] + part[2] + "…"
	})
	line = bearer.ReplaceAllString(line, "$1 …")
	line = accountKey.ReplaceAllString(line, "EXO…")
	return credentials.ReplaceAllString(line, "://…@")
}

// isOption reports whether a name is written as an option of a command.
func isOption(line, name string) bool {
	at := strings.Index(line, name)
	return strings.HasPrefix(name, "-") || at > 0 && line[at-1] == '-'
}
