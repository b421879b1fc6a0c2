package settings

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Set is the settings of one program, or of one command of a program.
type Set struct {
	// ExitCodes is what help says of the exit codes; [New] fills it in for a
	// program that runs until it is told to stop.
	ExitCodes string

	program  string
	summary  string
	operands string
	notes    []string
	getenv   func(string) string
	flags    *flag.FlagSet
	version  bool
	settings []*Setting
	steps    []func() // read values and check them, in the order of declaration
	errs     []SettingError
	warnings []string
}

// New returns the settings of a program, or of a command such as "example
// serve". The summary, whole sentences, begins its help.
func New(program, summary string, getenv func(string) string) *Set {
	s := &Set{program: program, summary: summary, getenv: getenv}
	s.ExitCodes = "0 after TERM or INT, 1 on a failure, 2 when a setting is wrong."
	s.flags = flag.NewFlagSet(program, flag.ContinueOnError)
	s.flags.SetOutput(io.Discard)
	s.flags.Usage = func() {}
	s.flags.BoolVar(&s.version, "version", false, "")
	return s
}

// Note adds a line to the end of the help.
func (s *Set) Note(line string) { s.notes = append(s.notes, line) }

// Operands takes the arguments after the flags, which are refused otherwise.
// Help calls them by usage, such as "DIR [-- ARGUMENT...]". A "--" that ends
// the flags is not among them.
func (s *Set) Operands(into *[]string, usage string) {
	s.operands = usage
	s.steps = append(s.steps, func() { *into = s.flags.Args() })
}

// Check has check called by [Set.Parse], after the settings that are declared
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

// Parse reads the arguments and the environment into every setting. It prints
// help or the version to out when asked to, and then returns [ErrHelp]. The
// error is an [*Error] with everything that is wrong.
func (s *Set) Parse(args []string, out io.Writer) error {
	switch err := s.flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		s.printHelp(out)
		return ErrHelp
	case err != nil:
		// The arguments after this one were not read, so that anything said
		// of other settings might be wrong.
		s.Wrong("command line", "has an error", err.Error())
		return s.err()
	case s.version:
		program, _, _ := strings.Cut(s.program, " ")
		printVersion(out, program)
		return ErrHelp
	}
	if s.operands == "" {
		for _, arg := range s.flags.Args() {
			s.Wrong("command line", fmt.Sprintf("has the argument %q", arg), "give settings as flags, -name=value")
		}
	}
	for _, step := range s.steps {
		step()
	}
	return s.err()
}

// err returns everything that is wrong so far as one error.
func (s *Set) err() error {
	if len(s.errs) == 0 {
		return nil
	}
	return &Error{Program: s.program, Settings: s.errs}
}

// declare adds a setting to the help and returns what its flags will hold.
func (s *Set) declare(setting *Setting, isSwitch bool) *flagValue {
	s.settings = append(s.settings, setting)
	value := &flagValue{isSwitch: isSwitch}
	for _, name := range setting.Flags {
		s.flags.Var(value, name, "")
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
