package settings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// A Set is the settings of one program, or of one command of a program.
type Set struct {
	// ExitCodes is what help says of the exit codes; [New] fills it in for a
	// program that runs until it is told to stop.
	ExitCodes string

	name      string
	summary   string
	notes     []string
	examples  []string
	getenv    func(string) string
	flags     *pflag.FlagSet
	settings  []*Setting
	operands  []*Setting
	rest      string   // how help calls what follows; empty: it is refused
	arguments []string // that are no flags
	following []string // what follows them
	steps     []func() // read values and check them, in the order of declaration
	errs      []SettingError
	warnings  []string
}

// New returns the settings of a program, or of a command such as "example
// serve". The summary, whole sentences, begins its help.
func New(name, summary string, getenv func(string) string) *Set {
	return &Set{
		ExitCodes: "0 after TERM or INT, 1 on a failure, 2 when a setting is wrong.",
		name:      name, summary: summary, getenv: getenv, flags: pflag.NewFlagSet(name, pflag.ContinueOnError),
	}
}

// As names the settings and describes them anew, for a command that takes the same
// as another one.
func (s *Set) As(name, summary string) { s.name, s.summary = name, summary }

// Name returns the program and the command that the settings are of.
func (s *Set) Name() string { return s.name }

// Summary returns what begins the help.
func (s *Set) Summary() string { return s.summary }

// Note adds a line to the end of the help.
func (s *Set) Note(line string) { s.notes = append(s.notes, line) }

// Notes returns the lines at the end of the help.
func (s *Set) Notes() []string { return s.notes }

// Example adds a command line to the help.
func (s *Set) Example(line string) { s.examples = append(s.examples, line) }

// Examples returns command lines that show what to do.
func (s *Set) Examples() []string { return s.examples }

// Rest takes the arguments after a "--", which are refused otherwise. Without
// operands the first argument that is no flag begins them, too: whatever looks
// like a flag after it is another program's. Help calls them by usage, such as
// "-- COMMAND [ARGUMENT...]".
func (s *Set) Rest(into *[]string, usage string) {
	s.rest = usage
	s.steps = append(s.steps, func() { *into = s.following })
}

// Interspersed reports whether flags may follow arguments that are none.
func (s *Set) Interspersed() bool { return s.rest == "" || len(s.operands) > 0 }

// Usage returns how to call the command, apart from its name.
func (s *Set) Usage() string {
	usage := "[flags]"
	for _, operand := range s.operands {
		if operand.Required {
			usage += " " + operand.Arg
		} else {
			usage += " [" + operand.Arg + "]"
		}
	}
	return strings.TrimSpace(usage + " " + s.rest)
}

// Check has check called by [Set.Read], after the settings that are declared
// before it have been read, unless one of needs is wrong. It may derive values,
// and report what is wrong by [Setting.Wrong] or [Set.Wrong].
func (s *Set) Check(check func(), needs ...*Setting) {
	s.steps = append(s.steps, func() {
		if !slices.ContainsFunc(needs, func(s *Setting) bool { return s.wrong }) {
			check()
		}
	})
}

// Wrong reports a fault of what setting names, with what to do about it. For a
// declared setting there is [Setting.Wrong].
func (s *Set) Wrong(setting, problem, remedy string) {
	s.errs = append(s.errs, SettingError{Setting: setting, Problem: problem, Remedy: remedy})
}

// Warn keeps a warning about a setting that works but is questionable.
func (s *Set) Warn(warning string) { s.warnings = append(s.warnings, warning) }

// Warnings returns the warnings that reading the settings has led to.
func (s *Set) Warnings() []string { return s.warnings }

// Settings returns what has been declared, in that order.
func (s *Set) Settings() []*Setting { return s.settings }

// Operands returns the settings that are arguments without a flag, in their order.
func (s *Set) Operands() []*Setting { return s.operands }

// Flags returns the flags, which have to be parsed before [Set.Read].
func (s *Set) Flags() *pflag.FlagSet { return s.flags }

// Read reads the parsed flags, the arguments that are none and the environment
// into every setting. The arguments from dash on followed a "--"; if that is
// negative, there was none. The error is an [*Error] with everything that is wrong.
func (s *Set) Read(arguments []string, dash int) error {
	switch {
	case s.rest == "":
		s.arguments = arguments
	case !s.Interspersed():
		s.following = arguments
	case dash < 0:
		s.arguments = arguments
	default:
		s.arguments, s.following = arguments[:dash], arguments[dash:]
	}
	s.refuse(s.arguments[min(len(s.operands), len(s.arguments)):])
	for _, step := range s.steps {
		step()
	}
	return s.err()
}

// refuse reports arguments that nothing takes.
func (s *Set) refuse(arguments []string) {
	remedy := "give settings as flags, -name=value"
	if len(s.operands) > 0 {
		remedy = "give no more than " + s.name + " " + s.Usage()
	}
	for _, argument := range arguments {
		s.Wrong("command line", fmt.Sprintf("has the argument %q", argument), remedy)
	}
}

// err returns everything that is wrong so far as one error.
func (s *Set) err() error {
	if len(s.errs) == 0 {
		return nil
	}
	return &Error{Program: s.name, Settings: s.errs}
}

// declare adds a setting to the help and returns what its flags will hold.
func (s *Set) declare(setting *Setting) *flagValue {
	s.settings = append(s.settings, setting)
	value := &flagValue{}
	for _, name := range setting.Flags {
		flag := s.flags.VarPF(value, name, "", setting.Help)
		if setting.Switch {
			flag.NoOptDefVal = "true"
		}
	}
	return value
}

// fromEnvironment returns the first of the variables that holds anything.
func (s *Set) fromEnvironment(names []string) (string, bool) {
	for _, name := range names {
		if value := strings.TrimSpace(s.getenv(name)); value != "" {
			return value, true
		}
	}
	return "", false
}
