package exoapi

import (
	"encoding/hex"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

// maxString is the length of a string in a text, in bytes.
const maxString = 255

// normalizeContent returns the content of a record in the shape that the API
// lists it in: names without a final dot, text in quotes. If the content does
// not fit the type, it returns what is expected instead.
func normalizeContent(kind, content string) (normalized, expected string) {
	count, expected := contentForm(kind)
	if strings.ContainsFunc(content, unicode.IsControl) {
		return "", expected
	}
	if kind == "TXT" {
		normalized = quoteText(content)
	} else if words, paired := splitContent(content); paired && len(words) == count && normalizeWords(kind, words) {
		normalized = strings.Join(words, " ")
	}
	if normalized != "" {
		expected = ""
	}
	return normalized, expected
}

// contentForm says of how many words the content of a type consists, and how
// to tell people.
func contentForm(kind string) (words int, expected string) {
	switch kind {
	case "A":
		return 1, "an IPv4 address"
	case "AAAA":
		return 1, "an IPv6 address"
	case "URL":
		return 1, "a URL of http or https"
	case "SRV":
		return 3, "weight, port and target"
	case "CAA":
		return 3, "flags, tag and value"
	case "SSHFP":
		return 3, "algorithm, type and fingerprint in hexadecimal"
	case "HINFO":
		return 2, "CPU and operating system"
	case "TXT":
		return 0, "text with paired quotes"
	case "NAPTR":
		return 6, "order, preference, flags, service, regular expression and replacement"
	default:
		return 1, "a host name"
	}
}

// normalizeWords checks the words of a content and brings them into their
// listed shape.
func normalizeWords(kind string, words []string) bool {
	last := &words[len(words)-1]
	switch kind {
	case "A", "AAAA":
		addr, err := netip.ParseAddr(*last)
		return err == nil && addr.Is4() == (kind == "A") && addr.Zone() == ""
	case "URL":
		u, err := url.Parse(*last)
		return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
	case "SRV":
		return isNumber(words[0], 16) && isNumber(words[1], 16) && undot(last)
	case "CAA":
		value := strings.Trim(*last, `"`)
		*last = `"` + value + `"`
		return isNumber(words[0], 8) && words[1] != "" && wire.Alphanumeric(words[1], "") &&
			value != "" && !strings.ContainsAny(value, ` "`)
	case "SSHFP":
		_, err := hex.DecodeString(*last)
		return err == nil && isNumber(words[0], 8) && isNumber(words[1], 8)
	case "HINFO":
		return true
	case "NAPTR":
		return isNumber(words[0], 16) && isNumber(words[1], 16)
	default:
		return undot(last)
	}
}

// isNumber reports whether a word is a number of so many bits.
func isNumber(word string, bits int) bool {
	_, err := strconv.ParseUint(word, 10, bits)
	return err == nil
}

// undot checks a host name and takes its final dot off.
func undot(name *string) bool {
	*name = strings.TrimSuffix(*name, ".")
	return validName(*name)
}

// validName reports whether a name consists of labels of letters, digits,
// hyphens and underscores.
func validName(name string) bool {
	if len(name) > maxName {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || !wire.Alphanumeric(label, "-_") {
			return false
		}
	}
	return true
}

// splitContent splits a content into words; those in quotes may have blanks and
// keep their quotes. It reports whether all quotes are paired and stand around
// whole words.
func splitContent(content string) (words []string, ok bool) {
	rest := strings.Trim(content, " ")
	for rest != "" {
		end := strings.IndexByte(rest, ' ')
		if end < 0 {
			end = len(rest)
		}
		if rest[0] == '"' {
			closing := closingQuote(rest)
			if closing < 0 {
				return words, false
			}
			end = closing + 1
			if end < len(rest) && rest[end] != ' ' {
				return words, false
			}
		} else if strings.Contains(rest[:end], `"`) {
			return words, false
		}
		words = append(words, rest[:end])
		rest = strings.TrimLeft(rest[end:], " ")
	}
	return words, true
}

// closingQuote returns where the quote that begins a text is closed, or -1.
func closingQuote(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// quoteText puts a text into quotes, one string after the other, unless it is
// in quotes already. Where quotes are not paired, it returns nothing.
func quoteText(text string) string {
	if strings.HasPrefix(text, `"`) {
		words, paired := splitContent(text)
		if !paired || slices.ContainsFunc(words, func(w string) bool { return w[0] != '"' || len(w) > maxString+2 }) {
			return ""
		}
		return strings.Join(words, " ")
	}
	if strings.Count(text, `"`)%2 != 0 {
		return ""
	}
	rest := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
	var parts []string
	for len(rest) > maxString {
		end := maxString
		for !utf8.RuneStart(rest[end]) {
			end--
		}
		// A backslash stays with what it escapes.
		if backslashes := end - len(strings.TrimRight(rest[:end], `\`)); backslashes%2 != 0 {
			end--
		}
		parts = append(parts, `"`+rest[:end]+`"`)
		rest = rest[end:]
	}
	return strings.Join(append(parts, `"`+rest+`"`), " ")
}
