package settings

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrHelp says that help or the version was asked for and printed; there is
// nothing else to do.
var ErrHelp = errors.New("help was asked for")

// Exit codes of the programs.
const (
	ExitOK      = 0 // asked to stop, or help was asked for
	ExitFailure = 1 // could not start or go on
	ExitUsage   = 2 // a setting is missing or malformed
)

// ExitCode returns the exit code of a program that ends with err.
func ExitCode(err error) int {
	var usage *Error
	switch {
	case err == nil, errors.Is(err, ErrHelp):
		return ExitOK
	case errors.As(err, &usage):
		return ExitUsage
	default:
		return ExitFailure
	}
}

// WriteError writes the error that a program ends with to w, for the user who
// started it, and returns the exit code.
func WriteError(w io.Writer, program string, err error) int {
	code := ExitCode(err)
	switch code {
	case ExitUsage:
		fmt.Fprintln(w, err)
	case ExitFailure:
		fmt.Fprintf(w, "%s: %v\n", program, err)
	}
	return code
}

// An Error lists all settings that are missing or malformed.
type Error struct {
	Program  string
	Settings []SettingError
}

// A SettingError is one setting that is missing or malformed.
type SettingError struct {
	Setting string // the variable and the flag, as the user knows them
	Problem string // what is wrong; never holds a secret
	Remedy  string // what to do
}

// Error returns one line.
func (e SettingError) Error() string {
	return fmt.Sprintf("%s %s: %s", e.Setting, e.Problem, e.Remedy)
}

// Error returns one line for each setting, and where to read more.
func (e *Error) Error() string {
	var b strings.Builder
	noun := "settings"
	if len(e.Settings) == 1 {
		noun = "setting"
	}
	fmt.Fprintf(&b, "%s cannot start with %d wrong %s:\n", e.Program, len(e.Settings), noun)
	for _, wrong := range e.Settings {
		fmt.Fprintf(&b, "  %v\n", wrong)
	}
	fmt.Fprintf(&b, "Run \"%s -h\" for all settings.", e.Program)
	return b.String()
}
