// Package configerr says what is wrong with the configuration of a package, field
// by field, so that a program can name its own setting of each field.
package configerr

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
)

// An Error is one field of a configuration that has a wrong value.
type Error struct {
	Field   string // its name in Go
	Problem string // completes the sentence "FIELD …": is 0
	Remedy  string // what to do: set it to 1 to 10
}

func (e *Error) Error() string { return fmt.Sprintf("%s %s: %s", e.Field, e.Problem, e.Remedy) }

// Between returns an [*Error] unless low ≤ value ≤ high.
func Between[T cmp.Ordered](field string, value, low, high T) error {
	if low <= value && value <= high {
		return nil
	}
	return &Error{Field: field, Problem: fmt.Sprintf("is %v", value), Remedy: fmt.Sprintf("set it to %v to %v", low, high)}
}

// Server returns an [*Error] unless value is the address of an HTTP server, with or
// without a path, and without a password or a query. It does not repeat the value,
// which may hold a password by mistake.
func Server(field, value, example string) error {
	u, err := url.Parse(value)
	switch {
	case strings.Contains(value, "@"):
		return &Error{Field: field, Problem: "has a user name or a password in it", Remedy: "leave them out"}
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.RawQuery != "", u.Fragment != "":
		return &Error{Field: field, Problem: "is not the address of a server", Remedy: "set it to one such as " + example}
	}
	return nil
}

// Errors returns every [*Error] in err, which may wrap or join several.
func Errors(err error) []*Error {
	switch e := err.(type) { //nolint:errorlint // it walks the tree that errors.As would walk to the first
	case *Error:
		return []*Error{e}
	case interface{ Unwrap() error }:
		return Errors(e.Unwrap())
	case interface{ Unwrap() []error }:
		var all []*Error
		for _, one := range e.Unwrap() {
			all = append(all, Errors(one)...)
		}
		return all
	default:
		return nil
	}
}
