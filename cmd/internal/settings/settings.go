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

// ExitCode tells the exit code for what a program ended with.
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

// Report writes what a program ended with to w, for the user who started it,
// and returns the exit code.
func Report(w io.Writer, program string, err error) int {
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
	Program string
	Faults  []Fault
}

// A Fault is one setting that is missing or malformed.
type Fault struct {
	Setting string // the variable and the flag, as the user knows them
	Problem string // what is wrong; never holds a secret
	Remedy  string // what to do
}

// Error returns one line for each fault, and where to read more.
func (e *Error) Error() string {
	var b strings.Builder
	noun := "settings"
	if len(e.Faults) == 1 {
		noun = "setting"
	}
	fmt.Fprintf(&b, "%s cannot start with %d wrong %s:\n", e.Program, len(e.Faults), noun)
	for _, f := range e.Faults {
		fmt.Fprintf(&b, "  %s %s: %s\n", f.Setting, f.Problem, f.Remedy)
	}
	fmt.Fprintf(&b, "Run \"%s -h\" for all settings.", e.Program)
	return b.String()
}

// An API is how to reach the provider.
type API struct {
	Key    string
	Secret string
	Zone   string // name, e.g. at-vie-1
	// Endpoint is an absolute http or https address without a trailing
	// slash; empty means the zone's own.
	Endpoint string
	// Local: the endpoint is on this computer.
	Local bool
	// Warnings are things that work but deserve a look, in plain English.
	Warnings []string
}

// String and GoString keep the secret out of anything that prints the value.
func (a API) String() string {
	return fmt.Sprintf("API(zone %s, endpoint %q, credentials not shown)", a.Zone, a.Endpoint)
}

// GoString returns the same as String.
func (a API) GoString() string { return a.String() }
