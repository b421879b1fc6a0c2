package settings

import (
	"fmt"
	"strings"
)

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
	if len(e.Settings) == 1 {
		fmt.Fprintf(&b, "%s: %v\n", e.Program, e.Settings[0])
	} else {
		fmt.Fprintf(&b, "%s cannot start with %d wrong settings:\n", e.Program, len(e.Settings))
		for _, wrong := range e.Settings {
			fmt.Fprintf(&b, "  %v\n", wrong)
		}
	}
	fmt.Fprintf(&b, "Run \"%s -h\" for help.", e.Program)
	return b.String()
}
