package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/fakecloud"
)

// Forms of an environment.
const (
	formShell = "shell"
	formLines = "lines"
	formJSON  = "json"
)

// env prints the environment of a running instance. Without one it prints, for a
// shell, commands that make an eval fail and still take the real credentials out
// of it: the exit code of a command inside an eval is lost.
func (p program) env() *command.Command {
	set := p.newSet("env", "fakecloud env prints the environment that leads clients to the running instance.")
	form := formShell
	settings.Add(set, &form, settings.Spec{
		Flag: "format", Help: "how: shell (commands for eval), lines (NAME=VALUE, for $GITHUB_ENV and docker run --env-file; " +
			"what must be unset is empty) or json (an object)",
	}, settings.OneOf("FORMAT", formShell, formLines, formJSON))
	inJSON := command.AddJSON(set)
	set.Check(func() {
		if *inJSON {
			form = formJSON
		}
	})
	instance := p.addInstance(set)
	refused := func() {
		if form == formShell {
			fmt.Fprint(p.stdout, fakecloud.UnsetCommand(p.environ)+"false\n")
		}
	}
	run := func(ctx context.Context) error {
		c, err := instance.find(ctx)
		if err != nil {
			refused()
			return err
		}
		_, err = fmt.Fprint(p.stdout, environment(c, form, p.environ))
		return err
	}
	return &command.Command{Set: set, Short: "print the environment that leads clients to the running cloud", Run: run, Refused: refused}
}

// environment returns the environment of an instance in one of the forms.
func environment(c fakecloud.Connection, form string, present []string) string {
	if form == formShell {
		return c.ShellCommands(present)
	}
	assignments := c.Assignments(present)
	if form == formLines {
		return strings.Join(assignments, "\n") + "\n"
	}
	object := map[string]string{}
	for _, assignment := range assignments {
		name, value, _ := strings.Cut(assignment, "=")
		object[name] = value
	}
	text, err := json.MarshalIndent(object, "", "  ")
	if err != nil {
		panic(err) // strings always encode
	}
	return string(text) + "\n"
}
