package command

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/exopool/exopool/cmd/internal/settings"
)

const helpName = "help"

// helpCommand prints the help of a command.
func helpCommand(program *Command, stdout io.Writer) *Command {
	var path []string
	set := newSet(program.Set.Name()+" "+helpName, "prints the help of a command, as -h does.")
	set.Rest(&path, "[COMMAND...]")
	return &Command{Set: set, Short: "print the help of a command", Run: func(context.Context) error {
		cmd := program
		for _, name := range path {
			below := cmd.find(name)
			if below == nil {
				return cmd.unknown(name)
			}
			cmd = below
		}
		cmd.writeHelp(stdout)
		return nil
	}}
}

// writeHelp says how to use the command: what it does, the commands below, and
// all settings, each with its flags, its variables, its default and its range.
func (c *Command) writeHelp(out io.Writer) {
	set := c.Set
	fmt.Fprintf(out, "%s\n\n", set.Summary())
	for i, usage := range c.usages() {
		label := "Usage:"
		if i > 0 {
			label = "      "
		}
		fmt.Fprintf(out, "%s %s\n", label, usage)
	}
	fmt.Fprintln(out)
	c.writeCommands(out)
	writeExamples(out, set.Examples())
	if slices.ContainsFunc(set.Settings(), func(s *settings.Setting) bool { return len(s.Env) > 0 }) {
		fmt.Fprintf(out, "A flag wins over the environment, the first variable of a line over the next.\n\n")
	}
	for _, setting := range set.Settings() {
		writeSetting(out, setting)
	}
	if !strings.Contains(set.Name(), " ") {
		fmt.Fprintf(out, "  -version\n%sprint the version\n", helpIndent)
	}
	fmt.Fprintf(out, "  -h\n%sprint this help\n\n", helpIndent)
	for _, note := range set.Notes() {
		fmt.Fprintln(out, note)
	}
	fmt.Fprintf(out, "Exit codes: %s\n", set.ExitCodes)
}

// usages returns the ways to call the command.
func (c *Command) usages() (lines []string) {
	name := c.Set.Name()
	switch {
	case c.Default != nil:
		return []string{name + " COMMAND [flags]", name + " [flags], the same as " + c.Default.Set.Name()}
	case c.Run != nil:
		lines = append(lines, name+" "+c.Set.Usage())
	}
	if len(c.Commands) > 0 {
		lines = append(lines, name+" COMMAND [flags]")
	}
	return lines
}

// writeCommands lists the commands below.
func (c *Command) writeCommands(out io.Writer) {
	if len(c.Commands) == 0 {
		return
	}
	fmt.Fprintln(out, "Commands:")
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, below := range c.Commands {
		if !below.hidden {
			fmt.Fprintf(table, "  %s\t%s\n", below.name(), below.Short)
		}
	}
	_ = table.Flush() // as far as it is read
	fmt.Fprintf(out, "\n\"%s COMMAND -h\" lists the flags of a command.\n\n", c.Set.Name())
}

// operands returns how help calls the arguments that are not flags.
func (c *Command) operands() string {
	return strings.TrimSpace(strings.TrimPrefix(c.Set.Usage(), "[flags]"))
}

func writeExamples(out io.Writer, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintln(out, "Examples:")
	for _, line := range lines {
		fmt.Fprintf(out, "  %s\n", line)
	}
	fmt.Fprintln(out)
}

func writeSetting(out io.Writer, s *settings.Setting) {
	fmt.Fprintf(out, "  %s\n", settingNames(s))
	writeWrapped(out, s.Help)
	if tail := settingTail(s); tail != "" {
		writeWrapped(out, tail)
	}
}

// settingNames returns how a setting is given.
func settingNames(s *settings.Setting) string {
	switch {
	case s.Operand():
		return s.Arg
	case len(s.Flags) == 0:
		return strings.Join(s.Env, ", ") + " (environment only)"
	}
	return strings.TrimSpace("-" + strings.Join(s.Flags, ", -") + " " + s.Arg)
}

// settingTail returns where else a setting comes from, its default and its range.
func settingTail(s *settings.Setting) string {
	var tail []string
	if len(s.Flags) > 0 && len(s.Env) > 0 {
		tail = append(tail, "environment: "+strings.Join(s.Env, ", "))
	}
	switch {
	case s.Required:
		tail = append(tail, "required")
	case s.Default != "":
		tail = append(tail, "default: "+s.Default)
	}
	if s.Range != "" {
		tail = append(tail, "range: "+s.Range)
	}
	return strings.Join(tail, "; ")
}

const helpIndent = "        "

// writeWrapped writes a text, indented, in lines of at most 100 characters.
func writeWrapped(out io.Writer, text string) {
	const width = 100
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(helpIndent)+len(line)+len(word) >= width {
			fmt.Fprintf(out, "%s%s\n", helpIndent, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	fmt.Fprintf(out, "%s%s\n", helpIndent, line)
}
