package command

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/exopool/exopool/cmd/internal/settings"
)

// manCommand writes the manual pages of a program.
func manCommand(program *Command) *Command {
	dir := ""
	set := newSet(program.Set.Name()+" man", "writes the manual pages of "+program.Set.Name()+" into a folder, one for each command.")
	settings.AddOperand(set, &dir, settings.Spec{Arg: "DIR", Help: "the folder, which is made if there is none", Required: true}, settings.Path())
	return &Command{Set: set, Short: "write the manual pages", hidden: true, Run: func(context.Context) error {
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // for all users
			return err
		}
		return program.writeManuals(dir)
	}}
}

// writeManuals writes the page of the command and of those below.
func (c *Command) writeManuals(dir string) error {
	name := filepath.Join(dir, c.manual()+".1")
	if err := os.WriteFile(name, []byte(c.manualPage()), 0o644); err != nil { //nolint:gosec // for all users
		return err
	}
	for _, below := range c.Commands {
		if below.standard {
			continue
		}
		if err := below.writeManuals(dir); err != nil {
			return err
		}
	}
	return nil
}

// manual returns the name of the command's page.
func (c *Command) manual() string { return strings.ReplaceAll(c.Set.Name(), " ", "-") }

// manualPage returns the page of a command in roff.
func (c *Command) manualPage() string {
	var b strings.Builder
	set := c.Set
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"exopool %s\" \"exopool\"\n", strings.ToUpper(roff(c.manual())), roff(Version()))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(c.manual()), roff(c.Short))
	b.WriteString(".SH SYNOPSIS\n.nf\n")
	for _, usage := range c.usages() {
		b.WriteString(roff(usage) + "\n")
	}
	b.WriteString(".fi\n.SH DESCRIPTION\n" + roff(set.Summary()) + "\n")
	c.writeManualCommands(&b)
	b.WriteString(".SH OPTIONS\n")
	for _, s := range set.Settings() {
		writeManualOption(&b, settingNames(s), s.Help, settingTail(s))
	}
	if !strings.Contains(set.Name(), " ") {
		writeManualOption(&b, "-version", "print the version", "")
	}
	writeManualOption(&b, "-h", "print a help", "")
	b.WriteString("Flags may also be written with two dashes. A flag wins over the environment.\n")
	if lines := set.Examples(); len(lines) > 0 {
		b.WriteString(".SH EXAMPLES\n.nf\n" + roff(strings.Join(lines, "\n")) + "\n.fi\n")
	}
	if notes := set.Notes(); len(notes) > 0 {
		b.WriteString(".SH NOTES\n" + roff(strings.Join(notes, "\n")) + "\n")
	}
	b.WriteString(".SH EXIT STATUS\n" + roff(set.ExitCodes) + "\n")
	return b.String()
}

// writeManualCommands lists the commands below, with their pages.
func (c *Command) writeManualCommands(b *strings.Builder) {
	if len(c.Commands) == 0 {
		return
	}
	b.WriteString(".SH COMMANDS\n")
	for _, below := range c.Commands {
		if below.hidden {
			continue
		}
		where := ""
		if !below.standard {
			where = "see " + below.manual() + "(1)"
		}
		writeManualOption(b, strings.TrimSpace(below.name()+" "+below.operands()), below.Short, where)
	}
}

// writeManualOption writes an entry of a list.
func writeManualOption(b *strings.Builder, names, help, more string) {
	fmt.Fprintf(b, ".TP\n\\fB%s\\fR\n%s\n", roff(names), roff(help))
	if more != "" {
		fmt.Fprintf(b, ".br\n%s\n", roff(more))
	}
	b.WriteString(".PP\n")
}

// roff returns a text as roff shows it: nothing in it is a request, and a dash is
// one that can be copied.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\(rs`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
