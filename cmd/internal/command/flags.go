package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/exopool/exopool/cmd/internal/settings"
)

// twoDashes returns the arguments with two dashes before the names of flags, where
// they have one. Values of flags, and what is another program's, stay as they are.
func (c *Command) twoDashes(args []string) []string {
	out := make([]string, 0, len(args))
	operands := 0
	for i := 0; i < len(args); i++ {
		arg := args[i]
		set := c.runs().Set
		switch {
		case arg == "--":
			return append(out, args[i:]...)
		case len(arg) > 1 && arg[0] == '-':
			name, value, hasValue := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
			flag := set.Flags().Lookup(name)
			switch {
			case hasValue:
				out = append(out, "--"+name+"="+value)
			case flag == nil && name == "h":
				out = append(out, "--help")
			case flag != nil && flag.NoOptDefVal == "" && i+1 < len(args):
				i++
				out = append(out, "--"+name, args[i])
			default:
				out = append(out, "--"+name)
			}
			continue
		}
		below := c.find(arg)
		if below != nil && operands == 0 {
			c = below
		} else if operands++; !set.Interspersed() {
			return append(out, args[i:]...)
		}
		out = append(out, arg)
	}
	return out
}

// flagError returns what pflag found wrong with the flags, in our words. The
// arguments after the first such error were not read, so that anything said of
// other settings might be wrong.
func flagError(set *settings.Set, err error) error {
	var unknown *pflag.NotExistError
	var incomplete *pflag.ValueRequiredError
	var malformed *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &unknown):
		remedy := fmt.Sprintf("\"%s -h\" lists those that there are", set.Name())
		if near := nearest(unknown.GetSpecifiedName(), flagNames(set)); near != "" {
			remedy = "did you mean -" + near + "?"
		}
		return wrong(set.Name(), "has the unknown flag "+flagText(unknown.GetSpecifiedName()), remedy)
	case errors.As(err, &incomplete):
		return wrong(set.Name(), "has nothing after the flag -"+incomplete.GetFlag().Name, "give it a value, -name=value")
	case errors.As(err, &malformed):
		name, _, _ := strings.Cut(strings.TrimLeft(malformed.GetSpecifiedFlag(), "-"), "=")
		return wrong(set.Name(), "has an argument that is no flag: "+quote("-"+name), "give settings as flags, -name=value")
	}
	return wrong(set.Name(), "cannot be read", fmt.Sprintf("\"%s -h\" says how to write it", set.Name()))
}

// flagText returns a flag as it is written, and quoted if a terminal could obey it.
func flagText(name string) string {
	if text := "-" + name; quote(text) != `"`+text+`"` {
		return quote(text)
	}
	return "-" + name
}

func flagNames(set *settings.Set) (names []string) {
	set.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	return names
}
