package settings

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A Kind is a way to write values of a type, with those that are accepted.
type Kind[T any] struct {
	// Parse reads a value. The error completes the sentence `NAME is "x",
	// which …`; [ErrMalformed] leaves it at `NAME is "x"`.
	Parse  func(text string) (T, error)
	Format func(T) string // writes a default value for help; nil: as fmt.Sprint does
	Arg    string         // what help calls a value, such as PORT
	Range  string         // which values are accepted, such as "1 to 10"; empty: all that can be read
	Remedy string         // what to do about a wrong value: "give …"
	Switch bool           // a flag of this kind needs no value
	// Values returns values that can be listed, for completion; nil: none.
	Values func() []string
}

// ErrMalformed says of a value nothing that the remedy does not say.
var ErrMalformed = errors.New("")

// Hidden returns an error for [Kind.Parse] about a value that may hold a secret
// and must not be repeated. The problem completes the sentence `NAME …`.
func Hidden(problem string) error { return hiddenError{problem} }

type hiddenError struct{ problem string }

func (e hiddenError) Error() string { return e.problem }

func (k Kind[T]) format(value T) string {
	if k.Format != nil {
		return k.Format(value)
	}
	return fmt.Sprint(value)
}

// Then returns the kind whose values then returns for those of k, or refuses.
func (k Kind[T]) Then(then func(T) (T, error)) Kind[T] {
	parse := k.Parse
	k.Parse = func(text string) (T, error) {
		value, err := parse(text)
		if err != nil {
			return value, err
		}
		return then(value)
	}
	return k
}

// Or returns the kind that also takes a word for a value that k cannot express,
// such as "never".
func (k Kind[T]) Or(word string, value T) Kind[T] {
	parse := k.Parse
	k.Parse = func(text string) (T, error) {
		if text == word {
			return value, nil
		}
		return parse(text)
	}
	k.Remedy += ", or " + word
	if k.Range != "" {
		k.Range += ", or " + word
	}
	return k
}

// Text returns the kind of texts that check accepts; nil accepts all without
// control characters.
func Text(arg string, check func(string) error) Kind[string] {
	return Kind[string]{Arg: arg, Remedy: "give another value", Parse: func(text string) (string, error) {
		if strings.ContainsFunc(text, unicode.IsControl) {
			return "", errors.New("has a control character in it")
		}
		if check != nil {
			return text, check(text)
		}
		return text, nil
	}}
}

// Bool returns the kind of switches, which are true, false, 1, 0 and the like.
func Bool() Kind[bool] {
	return Kind[bool]{Switch: true, Remedy: "give true or false", Parse: func(text string) (bool, error) {
		b, err := strconv.ParseBool(text)
		if err != nil {
			return false, ErrMalformed
		}
		return b, nil
	}}
}

// Int returns the kind of whole numbers from low to high, both included.
func Int(low, high int) Kind[int] {
	return Kind[int]{
		Arg: "NUMBER", Range: between(low, high), Remedy: "give a whole number from " + between(low, high),
		Parse: func(text string) (int, error) {
			n, err := strconv.Atoi(text)
			if err != nil || n < low || n > high {
				return 0, ErrMalformed
			}
			return n, nil
		},
	}
}

// Port returns the kind of TCP ports.
func Port() Kind[int] {
	kind := Int(1, 65535)
	kind.Arg = "PORT"
	return kind
}

// Float returns the kind of numbers from low to high, both included.
func Float(low, high float64) Kind[float64] {
	return Kind[float64]{
		Arg: "NUMBER", Range: between(low, high), Remedy: "give a number from " + between(low, high),
		Parse: func(text string) (float64, error) {
			n, err := strconv.ParseFloat(text, 64)
			if err != nil || !(n >= low && n <= high) {
				return 0, ErrMalformed
			}
			return n, nil
		},
	}
}

// Duration returns the kind of Go durations from low to high, both included.
// The bound field's zero value stands for a default that is derived.
func Duration(low, high time.Duration) Kind[time.Duration] {
	return Kind[time.Duration]{
		Arg: "DURATION", Range: between(short(low), short(high)), Remedy: "give a duration from " + between(short(low), short(high)),
		Format: short,
		Parse: func(text string) (time.Duration, error) {
			d, err := time.ParseDuration(text)
			switch {
			case err != nil:
				return 0, errors.New("is not a duration with a unit")
			case d < low || d > high:
				return 0, ErrMalformed
			}
			return d, nil
		},
	}
}

// OneOf returns the kind of these words, two at least, in whatever case.
func OneOf[T ~string](arg string, words ...T) Kind[T] {
	var choice strings.Builder
	texts := make([]string, 0, len(words))
	for i, word := range words {
		texts = append(texts, string(word))
		switch i {
		case 0:
		case len(words) - 1:
			choice.WriteString(" or ")
		default:
			choice.WriteString(", ")
		}
		choice.WriteString(string(word))
	}
	return Kind[T]{
		Arg: arg, Remedy: "give " + choice.String(), Values: func() []string { return texts },
		Parse: func(text string) (T, error) {
			word := T(strings.ToLower(text))
			if !slices.Contains(words, word) {
				return "", ErrMalformed
			}
			return word, nil
		},
	}
}

// Path returns the kind of paths, of which the empty one is none.
func Path() Kind[string] {
	return Kind[string]{Arg: "PATH", Remedy: "give a path", Parse: func(text string) (string, error) {
		if strings.ContainsRune(text, 0) {
			return "", errors.New("has a zero byte in it")
		}
		return text, nil
	}}
}

// File returns the kind of paths that can be those of a file.
func File() Kind[string] {
	kind := Path()
	kind.Remedy = "give the path of a file"
	parse := kind.Parse
	kind.Parse = func(text string) (string, error) {
		if text == "" || strings.HasSuffix(text, "/") {
			return "", errors.New("names no file")
		}
		return parse(text)
	}
	return kind
}

// Address returns the kind of HOST:PORT to listen on, where no host means all
// addresses and port 0 any that is free. The empty address is none.
func Address() Kind[string] {
	return Kind[string]{Arg: "ADDRESS", Remedy: "give HOST:PORT, or :PORT for all addresses", Parse: func(text string) (string, error) {
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
	}}
}

// Host returns the kind of addresses and host names to listen on; the empty one
// means all addresses.
func Host() Kind[string] {
	return Kind[string]{Arg: "HOST", Remedy: "give an IP address or a host name", Parse: func(text string) (string, error) {
		if strings.ContainsAny(text, "/ ") {
			return "", errors.New("is not a host")
		}
		return strings.Trim(text, "[]"), nil
	}}
}

// Level returns the kind of levels of a log.
func Level() Kind[slog.Level] {
	return Kind[slog.Level]{
		Arg: "LEVEL", Remedy: "give debug, info, warn or error",
		Values: func() []string { return []string{"debug", "info", "warn", "error"} },
		Format: func(level slog.Level) string { return strings.ToLower(level.String()) },
		Parse: func(text string) (level slog.Level, err error) {
			if err := level.UnmarshalText([]byte(text)); err != nil {
				return 0, ErrMalformed
			}
			return level, nil
		},
	}
}

// List returns the kind of several values with commas between them. Nothing is
// an empty list, where kind accepts an empty value.
func List[T any](kind Kind[T]) Kind[[]T] {
	return Kind[[]T]{
		Arg: kind.Arg, Remedy: kind.Remedy, Values: kind.Values,
		Format: func(values []T) string {
			texts := make([]string, 0, len(values))
			for _, value := range values {
				texts = append(texts, kind.format(value))
			}
			return strings.Join(texts, ",")
		},
		Parse: func(text string) ([]T, error) {
			if text == "" {
				_, err := kind.Parse("")
				return nil, err
			}
			var values []T
			for part := range strings.SplitSeq(text, ",") {
				part = strings.TrimSpace(part)
				if part == "" {
					return nil, errors.New("has nothing before or after a comma")
				}
				value, err := kind.Parse(part)
				if err != nil {
					return nil, err
				}
				values = append(values, value)
			}
			return values, nil
		},
	}
}

// short returns a duration without units that are zero at its end: 1h, not
// 1h0m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func between(low, high any) string { return fmt.Sprintf("%v to %v", low, high) }
