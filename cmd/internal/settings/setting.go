package settings

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// A Spec describes a setting. Of Flag and Env, each may hold several names with
// commas between them.
type Spec struct {
	Flag string // without a dash; empty: environment only
	Env  string // variables, the first one that is set wins; empty: flag only
	Help string // what the setting means, without a full stop
	// Default says what happens without a value, where the value in the bound
	// field does not: "5/6 of the interval".
	Default  string
	Required bool
	Arg      string // what help calls the value, such as PORT; default: that of the kind
	Remedy   string // what to do when the value is wrong, "give …"; default: that of the kind
}

// A Setting is a declared setting.
type Setting struct {
	// Flags and Env are its names, the flags without a dash.
	Flags, Env []string
	Help       string // what it means
	Default    string // empty: none
	Range      string // values that are accepted, such as "1 to 10"; empty: any that can be read
	Arg        string // what help calls the value; empty for a flag that needs none
	Required   bool
	Switch     bool // a flag that needs no value
	// Values returns values that can be listed, for completion; nil: none.
	Values func() []string

	set     *Set
	into    any // pointer to the bound field
	remedy  string
	given   bool
	wrong   bool
	operand bool // given without a flag
}

// Given reports whether a flag or a variable has a value for the setting, be it
// an empty one.
func (s *Setting) Given() bool { return s.given }

// Operand reports whether the setting is given as an argument without a flag.
func (s *Setting) Operand() bool { return s.operand }

// Wrong reports, from within [Set.Check], that the value is wrong. The problem
// completes a sentence whose subject is the setting.
func (s *Setting) Wrong(problem string) {
	s.wrong = true
	s.set.Wrong(s.String(), problem, s.remedy)
}

// NewError returns an error like that of [Set.Read], for a problem that is found
// later: a file that cannot be used.
func (s *Setting) NewError(problem string) error {
	return &Error{Program: s.set.name, Settings: []SettingError{{Setting: s.String(), Problem: problem, Remedy: s.remedy}}}
}

// String returns how errors call the setting.
func (s *Setting) String() string {
	flags := "flag -" + strings.Join(s.Flags, " or -")
	switch {
	case s.operand:
		return s.Arg
	case len(s.Env) == 0:
		return flags
	case len(s.Flags) == 0:
		return strings.Join(s.Env, " or ")
	}
	return strings.Join(s.Env, " or ") + " (" + flags + ")"
}

// Add declares a setting whose value goes to *into, where the default is now. A
// wrong value leaves the zero value there.
func Add[T any](set *Set, into *T, spec Spec, kind Kind[T]) *Setting {
	s := newSetting(set, spec, kind)
	s.into = into
	flag := set.declare(s)
	if s.Default == "" && !s.Required {
		s.Default = kind.format(*into)
	}
	set.steps = append(set.steps, func() {
		text, given := flag.last()
		if !given {
			text, given = set.fromEnvironment(s.Env)
		}
		s.given = given
		if value, ok := read(s, kind, text); ok || s.wrong {
			*into = value
		}
	})
	return s
}

// AddRepeated declares a setting whose flag may be given several times, with
// one value each.
func AddRepeated[T any](set *Set, into *[]T, spec Spec, kind Kind[T]) *Setting {
	s := newSetting(set, spec, kind)
	flag := set.declare(s)
	set.steps = append(set.steps, func() {
		texts := flag.texts
		if text, given := set.fromEnvironment(s.Env); given && len(texts) == 0 {
			texts = []string{text}
		}
		s.given = len(texts) > 0
		if !s.given {
			read(s, kind, "")
		}
		for _, text := range texts {
			if value, ok := read(s, kind, text); ok {
				*into = append(*into, value)
			}
		}
	})
	return s
}

// AddOperand declares a setting that is given as an argument without a flag: the
// first one is the first of them, and so on.
func AddOperand[T any](set *Set, into *T, spec Spec, kind Kind[T]) *Setting {
	s := newSetting(set, spec, kind)
	s.operand, s.into = true, into
	index := len(set.operands)
	set.settings, set.operands = append(set.settings, s), append(set.operands, s)
	set.steps = append(set.steps, func() {
		text := ""
		if s.given = index < len(set.arguments); s.given {
			text = set.arguments[index]
		}
		if value, ok := read(s, kind, text); ok || s.wrong {
			*into = value
		}
	})
	return s
}

func newSetting[T any](set *Set, spec Spec, kind Kind[T]) *Setting {
	return &Setting{
		Flags: split(spec.Flag), Env: split(spec.Env), Help: spec.Help,
		Default: spec.Default, Range: kind.Range, Required: spec.Required, Arg: cmp.Or(spec.Arg, kind.Arg),
		Switch: kind.Switch, Values: kind.Values, set: set, remedy: cmp.Or(spec.Remedy, kind.Remedy),
	}
}

// read returns the value that was given, or reports what is wrong with it. It
// is not ok to have none.
func read[T any](s *Setting, kind Kind[T], text string) (value T, ok bool) {
	text = strings.TrimSpace(text)
	switch {
	case !s.given && s.Required:
		s.Wrong("is missing")
		return value, false
	case !s.given:
		return value, false
	case text == "" && s.Required:
		s.Wrong("is empty")
		return value, false
	}
	parsed, err := kind.Parse(text)
	var hidden hiddenError
	switch {
	case err == nil:
		return parsed, true
	case errors.As(err, &hidden):
		s.Wrong(hidden.Error() + " (value not shown)")
	case err.Error() == "":
		s.Wrong(fmt.Sprintf("is %q", text))
	default:
		s.Wrong(fmt.Sprintf("is %q, which %v", text, err))
	}
	return value, false
}

// A flagValue is the text of a flag, kept as it is so that a malformed value is
// reported with the others and not by package pflag.
type flagValue struct{ texts []string }

func (v *flagValue) String() string { return strings.Join(v.texts, ",") }
func (v *flagValue) Type() string   { return "" }
func (v *flagValue) Set(text string) error {
	v.texts = append(v.texts, text)
	return nil
}

// last returns the value that counts when a flag is repeated.
func (v *flagValue) last() (text string, given bool) {
	if len(v.texts) == 0 {
		return "", false
	}
	return v.texts[len(v.texts)-1], true
}

// split returns the names in a list with commas.
func split(names string) []string {
	if names == "" {
		return nil
	}
	list := strings.Split(names, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}
