package command

import (
	"errors"
	"fmt"
	"io"

	"github.com/exopool/exopool/cmd/internal/settings"
)

// Exit codes of all programs.
const (
	ExitOK      = 0 // done, asked to stop, or help was asked for
	ExitFailure = 1 // could not start or go on, or did not hold
	ExitUsage   = 2 // the command line or a setting is wrong
)

// An ExitError ends a program with an exit code of its own.
type ExitError struct {
	Code int
	Err  error // nil: all is said
}

// Error implements error.
func (e *ExitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

// Unwrap returns what is said.
func (e *ExitError) Unwrap() error { return e.Err }

// Exit returns the error that ends a program with a code; nil for [ExitOK].
func Exit(code int) error {
	if code == ExitOK {
		return nil
	}
	return &ExitError{Code: code}
}

// exitCode returns the exit code of a program that ends with err.
func exitCode(err error) int {
	var exit *ExitError
	var usage *settings.Error
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &exit):
		return exit.Code
	case errors.As(err, &usage):
		return ExitUsage
	}
	return ExitFailure
}

// writeError writes the error that a command ends with to w, for the user who
// started it, and returns the exit code.
func writeError(w io.Writer, name string, err error) int {
	var exit *ExitError
	var usage *settings.Error
	switch {
	case err == nil, errors.As(err, &exit) && exit.Err == nil:
	case errors.As(err, &usage):
		fmt.Fprintln(w, err)
	default:
		fmt.Fprintf(w, "%s: %v\n", name, err)
	}
	return exitCode(err)
}
