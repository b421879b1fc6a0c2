package settings

import (
	"fmt"
	"os"
	"strings"
)

// AddSecret declares a setting that comes from one of the variables of spec, or
// from a file that the same variable with _FILE appended names, or the flag of
// spec. It is one word of printable ASCII: anything else was cut or pasted
// wrongly.
func AddSecret(set *Set, into *string, spec Spec) *Setting {
	word := Kind[string]{Remedy: "give a word without spaces"}
	s := newSetting(set, Spec{Env: spec.Env, Help: spec.Help, Default: spec.Default, Required: spec.Required, Remedy: spec.Remedy}, word)
	file := newSetting(set, Spec{Flag: spec.Flag, Arg: "FILE", Help: "file that holds " + spec.Help}, word)
	for _, name := range s.Env {
		file.Env = append(file.Env, name+"_FILE")
	}
	remedy := s.remedy + ", or name a file that holds it in " + file.String()
	if len(s.Env) == 0 { // the file is the only place
		file.Default, file.Required = s.Default, s.Required
		s, remedy = file, "name a file that holds "+spec.Help
	} else {
		set.declare(s)
	}
	flag := set.declare(file)
	set.steps = append(set.steps, func() {
		value, from, err := s.readSecret(file, flag)
		s.given = value != ""
		switch {
		case err != nil:
			s.wrongIn(from, "names a file that cannot be read: "+err.Error(), "name a readable file that holds "+spec.Help)
		case value == "" && from != "":
			s.wrongIn(from, "is empty", s.remedy)
		case value == "" && s.Required:
			s.wrongIn(s.String(), "is missing", remedy)
		case strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }):
			s.wrongIn(from, "has a value (not shown) with a space, a line break or a character that is not ASCII in it", s.remedy)
		case value != "":
			*into = value
		}
	})
	return s
}

// wrongIn is Wrong for a value that came from one of several places.
func (s *Setting) wrongIn(place, problem, remedy string) {
	s.wrong = true
	s.set.Wrong(place, problem, remedy)
}

// readSecret returns the value and the setting it came from; both are empty
// when there is none.
func (s *Setting) readSecret(file *Setting, flag *flagValue) (value, from string, err error) {
	read := func(from, path string) (string, string, error) {
		content, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		return strings.TrimSpace(string(content)), from, err
	}
	if path, given := flag.last(); given {
		return read("flag -"+file.Flags[0], path)
	}
	if s == file {
		return "", "", nil
	}
	for i, name := range s.Env {
		if value := strings.TrimSpace(s.set.getenv(name)); value != "" {
			return value, name, nil
		}
		if path := strings.TrimSpace(s.set.getenv(file.Env[i])); path != "" {
			return read(file.Env[i], path)
		}
	}
	return "", "", nil
}

// shortToken is a length of secrets, in characters, below which guessing them
// need not be hopeless.
const shortToken = 16

// AddToken declares a secret that clients of the program show, as [AddSecret]
// does, and warns of one that is short. Without one everyone has access.
func AddToken(set *Set, into *string, spec Spec) *Setting {
	spec.Default = "none, everyone has access"
	s := AddSecret(set, into, spec)
	set.Check(func() {
		if *into != "" && len(*into) < shortToken {
			set.Warn(fmt.Sprintf("%s has fewer than %d characters and may be guessed: take a random one, such as openssl rand -hex 32 prints",
				s, shortToken))
		}
	})
	return s
}

// Redacted is for structs that hold secrets: embedded in them it keeps those out
// of anything that prints the struct.
type Redacted struct{}

// String returns a text without any value.
func (Redacted) String() string { return "settings (not shown)" }

// GoString returns the same as String.
func (r Redacted) GoString() string { return r.String() }
