package settings

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Parsers return an error that completes the sentence `NAME is "x", which …`.

// errMalformed adds nothing to the remedy.
var errMalformed = errors.New("")

func parsePath(text string) (string, error) {
	if strings.ContainsRune(text, 0) {
		return "", errors.New("has a zero byte inside")
	}
	return text, nil
}

// parseFile is parsePath for something that cannot be left out.
func parseFile(text string) (string, error) {
	if text == "" || strings.HasSuffix(text, "/") {
		return "", errors.New("names no file")
	}
	return parsePath(text)
}

func parseBool(text string) (bool, error) {
	b, err := strconv.ParseBool(text)
	if err != nil {
		return false, errMalformed
	}
	return b, nil
}

// parseZone checks the form of a zone's name. The name becomes part of a host
// name, so that anything else could send signed requests elsewhere.
func parseZone(text string) (string, error) {
	if !regexp.MustCompile(`^[a-z]{2,3}-[a-z]{2,5}-[0-9]{1,2}$`).MatchString(text) {
		return "", errors.New("is not the name of a zone")
	}
	return text, nil
}

// parsePool accepts the id or the name of a pool.
func parsePool(text string) (string, error) {
	switch {
	case strings.Contains(text, ","):
		return "", errors.New("is more than one pool")
	case len(text) > 255:
		return "", errors.New("is longer than the 255 bytes of a name")
	case strings.ContainsFunc(text, unicode.IsControl):
		return "", errors.New("has a control character inside")
	case isUUID(text):
		return strings.ToLower(text), nil
	}
	return text, nil
}

// parsePools accepts several pools with commas between them.
func parsePools(text string) ([]string, error) {
	var pools []string
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			return nil, errors.New("has nothing before or after a comma")
		}
		pool, err := parsePool(part)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(pools, pool) {
			pools = append(pools, pool)
		}
	}
	return pools, nil
}

// parseNames accepts names with commas between them, none twice, or nothing.
func parseNames(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == "":
			return nil, errors.New("has nothing before or after a comma")
		case strings.ContainsFunc(name, unicode.IsControl):
			return nil, errors.New("has a control character inside")
		case slices.Contains(names, name):
			return nil, errors.New("has a name twice")
		}
		names = append(names, name)
	}
	return names, nil
}

func isUUID(text string) bool {
	return regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`).MatchString(text)
}

// intBetween parses a whole number from low to high, both included.
func intBetween(low, high int) func(string) (int, error) {
	return func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < low || n > high {
			return 0, errMalformed
		}
		return n, nil
	}
}

// durationBetween parses a Go duration from low to high, both included.
func durationBetween(low, high time.Duration) func(string) (time.Duration, error) {
	return func(text string) (time.Duration, error) {
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, errors.New("is not a duration with a unit")
		}
		if d < low || d > high {
			return 0, errMalformed
		}
		return d, nil
	}
}

// parseEndpoint checks an API address.
func parseEndpoint(text string) (url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return url.URL{}, errors.New("is not an address")
	case u.Scheme != "http" && u.Scheme != "https":
		return url.URL{}, errors.New("does not start with http:// or https://")
	case u.Hostname() == "":
		return url.URL{}, errors.New("names no host")
	case u.RawQuery != "" || u.Fragment != "":
		return url.URL{}, errors.New("has a query or a fragment")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return *u, nil
}

// isLoopback reports whether the host is this computer.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// parseListen checks host:port, where the host may be empty.
func parseListen(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", errors.New("is not HOST:PORT")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", errors.New("has no port from 0 to 65535")
	}
	return text, nil
}

// parseHost checks an address to listen on; empty means all of them.
func parseHost(text string) (string, error) {
	if strings.ContainsAny(text, "/ ") {
		return "", errors.New("is not a host")
	}
	return strings.Trim(text, "[]"), nil
}

func oneOf(words ...string) func(string) (string, error) {
	return func(text string) (string, error) {
		text = strings.ToLower(text)
		if !slices.Contains(words, text) {
			return "", errMalformed
		}
		return text, nil
	}
}

func parseLevel(text string) (slog.Level, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(text)); err != nil {
		return 0, errMalformed
	}
	return level, nil
}

// isToken reports whether a secret is one word of printable ASCII: anything
// else was cut or pasted wrongly.
func isToken(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

func between(low, high any) string { return fmt.Sprintf("from %v to %v", low, high) }
