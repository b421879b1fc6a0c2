package settings

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// A spec describes one setting.
type spec struct {
	flags []string // without dash; empty: environment only
	env   []string // the first one that is set wins; empty: flag only
	arg   string   // what the value is called in the help, e.g. PORT
	usage string   // what it means, without a full stop
	def   string   // empty: none
	// otherwise tells the help what happens without a value and a default.
	otherwise string
	required  bool
	remedy    string // what to type, said when the value is missing or malformed
	secret    bool   // the value is never shown, never a flag, maybe in a file
	boolean   bool   // the flag needs no value
}

// name returns how faults call the setting.
func (s spec) name() string {
	if len(s.env) == 0 {
		return "flag -" + strings.Join(s.flags, " or -")
	}
	name := strings.Join(s.env, " or ")
	if len(s.flags) > 0 {
		name += " (flag -" + strings.Join(s.flags, " or -") + ")"
	}
	return name
}

// A loader collects specs, then values, then faults.
type loader struct {
	program string
	summary string
	codes   string // what the exit codes mean
	flags   *flag.FlagSet
	getenv  func(string) string
	specs   []spec
	resolve []func()
	faults  []Fault
	version bool
}

func newLoader(program, summary string, getenv func(string) string) *loader {
	l := &loader{program: program, summary: summary, getenv: getenv}
	l.codes = "0 after TERM or INT, 1 on a failure, 2 when a setting is wrong."
	l.flags = flag.NewFlagSet(program, flag.ContinueOnError)
	l.flags.SetOutput(io.Discard)
	l.flags.Usage = func() {}
	l.flags.BoolVar(&l.version, "version", false, "")
	return l
}

// add declares a setting; *into is filled by parse.
func add[T any](l *loader, into *T, s spec, parser func(string) (T, error)) {
	l.specs = append(l.specs, s)
	given := &given{boolean: s.boolean}
	for _, name := range s.flags {
		l.flags.Var(given, name, s.usage)
	}
	l.resolve = append(l.resolve, func() {
		text, ok := given.text, given.set
		if !ok {
			text, ok = l.fromEnvironment(s)
		}
		text = strings.TrimSpace(text)
		switch {
		case !ok && s.required:
			l.fault(s.name(), "is missing", s.remedy)
			return
		case text == "" && s.required:
			l.fault(s.name(), "is empty", s.remedy)
			return
		case !ok && s.def == "":
			return
		case !ok:
			text = s.def
		}
		value, err := parser(text)
		if err != nil {
			problem := fmt.Sprintf("is %q", text)
			if s.secret {
				problem = "has a value (not shown) that cannot be right"
			}
			if hint := err.Error(); hint != "" {
				problem += ", which " + hint
			}
			l.fault(s.name(), problem, s.remedy)
			return
		}
		*into = value
	})
}

// addSecret declares a setting that comes from one of the variables of s, or
// from a file named by the same variable with _FILE appended, or by fileFlag.
func addSecret(l *loader, into *string, s spec, fileFlag string) {
	s.secret = true
	l.specs = append(l.specs, s)
	file := &given{}
	l.flags.Var(file, fileFlag, "")
	l.specs = append(l.specs, spec{
		flags: []string{fileFlag}, env: suffixed(s.env, "_FILE"), arg: "FILE",
		usage: "file that holds " + s.usage,
	})
	l.resolve = append(l.resolve, func() {
		value, setting, err := l.readSecret(s, file, fileFlag)
		switch {
		case err != nil:
			l.fault(setting, "names a file that cannot be read: "+err.Error(), "name a readable file that holds "+s.usage)
		case value == "" && setting != "":
			l.fault(setting, "is empty", s.remedy)
		case value == "" && s.required:
			l.fault(s.name(), "is missing", s.remedy+", or name a file that holds it in "+
				s.env[0]+"_FILE (flag -"+fileFlag+")")
		case value != "" && !isToken(value):
			l.fault(setting, "has a value (not shown) with a space, a line break or a character that is not ASCII inside", s.remedy)
		default:
			*into = value
		}
	})
}

// readSecret returns the value and the setting it came from; both are empty
// when there is none.
func (l *loader) readSecret(s spec, file *given, fileFlag string) (value, setting string, err error) {
	read := func(setting, path string) (string, string, error) {
		content, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		return strings.TrimSpace(string(content)), setting, err
	}
	if file.set {
		return read("flag -"+fileFlag, file.text)
	}
	for _, name := range s.env {
		if value := strings.TrimSpace(l.getenv(name)); value != "" {
			return value, name, nil
		}
		if path := strings.TrimSpace(l.getenv(name + "_FILE")); path != "" {
			return read(name+"_FILE", path)
		}
	}
	return "", "", nil
}

// fromEnvironment returns the first variable of s that holds anything.
func (l *loader) fromEnvironment(s spec) (string, bool) {
	for _, name := range s.env {
		if value := strings.TrimSpace(l.getenv(name)); value != "" {
			return value, true
		}
	}
	return "", false
}

func (l *loader) fault(setting, problem, remedy string) {
	l.faults = append(l.faults, Fault{Setting: setting, Problem: problem, Remedy: remedy})
}

// parse reads the arguments and fills every setting, printing help or the
// version to out when asked. Faults wait for err.
func (l *loader) parse(args []string, out io.Writer) error {
	switch err := l.flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		l.printHelp(out)
		return ErrHelp
	case err != nil:
		// The arguments after this one were not read, so that anything said
		// of other settings might be wrong.
		return &Error{Program: l.program, Faults: []Fault{
			{Setting: "command line", Problem: "has an error", Remedy: err.Error()},
		}}
	case l.version:
		printVersion(out, l.program)
		return ErrHelp
	}
	for _, arg := range l.flags.Args() {
		l.fault("command line", fmt.Sprintf("has the argument %q", arg), "give settings as flags, -name=value")
	}
	for _, resolve := range l.resolve {
		resolve()
	}
	return nil
}

// err returns all faults found so far as one error.
func (l *loader) err() error {
	if len(l.faults) == 0 {
		return nil
	}
	return &Error{Program: l.program, Faults: l.faults}
}

// given is the text of a flag, kept as it is so that a malformed value is
// reported with the others and not by package flag.
type given struct {
	text    string
	set     bool
	boolean bool
}

func (g *given) String() string   { return g.text }
func (g *given) IsBoolFlag() bool { return g.boolean }
func (g *given) Set(text string) error {
	g.text, g.set = text, true
	return nil
}

func suffixed(names []string, suffix string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = name + suffix
	}
	return out
}
