package command_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

// sample returns a program that has what programs have: settings of its own, a
// command that runs another program, one with commands below it, and one that
// ends with an error.
func sample(out io.Writer) *command.Command {
	var port int
	var verbose bool
	env := settingstest.Env{"SAMPLE_PORT": "7"}
	set := settings.New("sample", "sample is an example.", env.Get)
	settings.Add(set, &port, settings.Spec{Flag: "port, p", Env: "SAMPLE_PORT", Help: "where it is"}, settings.Port())
	settings.Add(set, &verbose, settings.Spec{Flag: "v", Help: "log more"}, settings.Bool())
	set.Note("That is all.")
	set.Example("sample -port 80")
	return &command.Command{
		Set: set, Short: "an example",
		Run: func(context.Context) error {
			fmt.Fprintln(out, "sample", port, verbose)
			return nil
		},
		Commands: []*command.Command{run(out), fruit(out), fail()},
	}
}

func run(out io.Writer) *command.Command {
	var args []string
	zone := ""
	set := settings.New("sample run", "sample run runs a program.", settingstest.Env{}.Get)
	settings.Add(set, &zone, settings.Spec{Flag: "zone", Help: "where to run it"}, settings.OneOf("ZONE", "at-vie-1", "at-vie-2", "de-fra-1"))
	set.Rest(&args, "-- COMMAND")
	return &command.Command{Set: set, Short: "run a program", Run: func(context.Context) error {
		fmt.Fprintf(out, "run %s %q\n", zone, args)
		return nil
	}}
}

func fruit(out io.Writer) *command.Command {
	set := settings.New("sample fruit", "sample fruit lists or eats fruit.", settingstest.Env{}.Get)
	list := settings.New("sample fruit list", "sample fruit list lists fruit.", settingstest.Env{}.Get)
	all := false
	settings.Add(list, &all, settings.Spec{Flag: "all", Help: "rotten fruit, too"}, settings.Bool())
	eat := settings.New("sample fruit eat", "sample fruit eat eats one.", settingstest.Env{}.Get)
	name, to := "", ""
	settings.AddOperand(eat, &name, settings.Spec{Help: "which one", Required: true}, settings.OneOf("NAME", "apple", "apricot", "pear"))
	settings.Add(eat, &to, settings.Spec{Flag: "to", Help: "where the stone goes", Arg: "FILE"}, settings.Path())
	listing := &command.Command{Set: list, Short: "list it", Run: func(context.Context) error {
		fmt.Fprintln(out, "list", all)
		return nil
	}}
	return &command.Command{Set: set, Short: "list or eat fruit", Default: listing, Commands: []*command.Command{listing, {
		Set: eat, Short: "eat one", Run: func(context.Context) error {
			fmt.Fprintln(out, "eat", name)
			return nil
		},
	}}}
}

func fail() *command.Command {
	code := 0
	set := settings.New("sample fail", "sample fail ends with an exit code.", settingstest.Env{}.Get)
	settings.AddOperand(set, &code, settings.Spec{}, settings.Int(0, 255))
	return &command.Command{Set: set, Short: "fail", Run: func(context.Context) error {
		if code == 1 {
			return errors.New("no luck")
		}
		if code == 127 {
			return &command.ExitError{Code: code, Err: errors.New("not found")}
		}
		return command.Exit(code)
	}}
}

// execute runs the sample.
func execute(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = sample(&stdout).Execute(t.Context(), args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestCommandLines(t *testing.T) {
	t.Parallel()
	const runHelp = "Run \"sample run -h\" for help.\n"
	for line, want := range map[string]struct {
		code      int
		out, errs string
	}{
		"":                               {0, "sample 7 false\n", ""},
		"-port 8 -v":                     {0, "sample 8 true\n", ""},
		"--port 8 --v":                   {0, "sample 8 true\n", ""},
		"-p=8 -v=false":                  {0, "sample 8 false\n", ""},
		"-p 8 -port=9":                   {0, "sample 9 false\n", ""},
		"run -zone at-vie-1 -- ls -l":    {0, "run at-vie-1 [\"ls\" \"-l\"]\n", ""},
		"run --zone=at-vie-1 ls -l -- x": {0, "run at-vie-1 [\"ls\" \"-l\" \"--\" \"x\"]\n", ""},
		"run fruit":                      {0, "run  [\"fruit\"]\n", ""},
		"fruit":                          {0, "list false\n", ""},
		"fruit -all":                     {0, "list true\n", ""},
		"fruit list --all":               {0, "list true\n", ""},
		"fruit eat apple":                {0, "eat apple\n", ""},
		"fruit eat -to -x pear":          {0, "eat pear\n", ""},
		"fail 3":                         {3, "", ""},
		"fail 1":                         {1, "", "sample fail: no luck\n"},
		"fail 127":                       {127, "", "sample fail: not found\n"},
		"fail":                           {0, "", ""},
		"runn":                           {2, "", "sample: command line has the unknown command \"runn\": did you mean run?\nRun \"sample -h\" for help.\n"},
		"\x1b":                           {2, "", "sample: command line has the unknown command \"\\x1b\": give run, fruit, fail, version, help or completion, or settings as flags, -name=value\nRun \"sample -h\" for help.\n"},
		"fruit aet":                      {2, "", "sample fruit: command line has the unknown command \"aet\": did you mean eat?\nRun \"sample fruit -h\" for help.\n"},
		"run -zoen at-vie-1 ls":          {2, "", "sample run: command line has the unknown flag -zoen: did you mean -zone?\n" + runHelp},
		"run --xyz=secret ls":            {2, "", "sample run: command line has the unknown flag -xyz: \"sample run -h\" lists those that there are\n" + runHelp},
		"run -\x1b[1m=secret":            {2, "", "sample run: command line has the unknown flag \"-\\x1b[1m\": \"sample run -h\" lists those that there are\n" + runHelp},
		"run -=secret":                   {2, "", "sample run: command line has an argument that is no flag: \"-\": give settings as flags, -name=value\n" + runHelp},
		"run ---zone=secret":             {2, "", "sample run: command line has an argument that is no flag: \"-zone\": give settings as flags, -name=value\n" + runHelp},
		"run -zone":                      {2, "", "sample run: command line has nothing after the flag -zone: give it a value, -name=value\n" + runHelp},
		"run -zone x ls":                 {2, "", "sample run: flag -zone is \"x\": give at-vie-1, at-vie-2 or de-fra-1\n" + runHelp},
		"help fail nix":                  {2, "", "sample fail: command line has the unknown command \"nix\": leave it out\nRun \"sample fail -h\" for help.\n"},
		"help nix":                       {2, "", "sample: command line has the unknown command \"nix\": give run, fruit, fail, version, help or completion, or settings as flags, -name=value\nRun \"sample -h\" for help.\n"},
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			code, out, errs := execute(t, strings.Fields(line)...)
			assert.Equal(t, want.errs, errs)
			assert.Equal(t, want.out, out)
			assert.Equal(t, want.code, code)
		})
	}
}

func TestHelpIsOnStandardOutput(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"-h"}, {"--help"}, {"-help"}, {"help"}, {"-port", "x", "-h"}} {
		code, out, errs := execute(t, args...)
		assert.Zero(t, code)
		assert.Empty(t, errs)
		assert.Equal(t, `sample is an example.

Usage: sample [flags]
       sample COMMAND [flags]

Commands:
  run          run a program
  fruit        list or eat fruit
  fail         fail
  version      print the version
  help         print the help of a command
  completion   print the script for completion in a shell

"sample COMMAND -h" lists the flags of a command.

Examples:
  sample -port 80

A flag wins over the environment, the first variable of a line over the next.

  -port, -p PORT
        where it is
        environment: SAMPLE_PORT; range: 1 to 65535
  -v
        log more
        default: false
  -version
        print the version
  -h
        print this help

That is all.
Exit codes: 0 after TERM or INT, 1 on a failure, 2 when a setting is wrong.
`, strings.Replace(out, "default: 0; ", "", 1), args)
	}
	for _, args := range [][]string{{"fruit", "eat", "-h"}, {"help", "fruit", "eat"}} {
		_, out, _ := execute(t, args...)
		assert.Contains(t, out, "Usage: sample fruit eat [flags] NAME\n\n  NAME\n        which one\n        required\n  -to FILE\n")
	}
	_, out, _ := execute(t, "fruit", "-h")
	assert.Contains(t, out, "Usage: sample fruit COMMAND [flags]\n       sample fruit [flags], the same as sample fruit list\n")
}

func TestVersionIsPrinted(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"version"}, {"-version"}, {"--version"}, {"-port", "x", "-version"}} {
		code, out, _ := execute(t, args...)
		assert.Zero(t, code)
		assert.Regexp(t, `^sample \S+( \([0-9a-f]{12} \S+\))? go1\.\S+ \w+/\w+\n$`, out)
	}
	_, out, _ := execute(t, "version", "-json")
	assert.Regexp(t, `^{\n  "program": "sample",\n  "version": "[^"]+",\n(  "(commit|date)": "[^"]+",\n|  "modified": true,\n)*  "go": "go1[^"]+",\n  "platform": "\w+/\w+"\n}\n$`, out)
}

func TestLongHelpIsWrapped(t *testing.T) {
	t.Parallel()
	set, on := settings.New("sample", "", settingstest.Env{}.Get), false
	settings.Add(set, &on, settings.Spec{Flag: "on", Help: strings.Repeat("long ", 19) + strings.Repeat("x", 100) + " end"}, settings.Bool())
	var out bytes.Buffer
	(&command.Command{Set: set}).Execute(t.Context(), []string{"-h"}, &out, io.Discard)
	assert.Contains(t, out.String(), "  -on\n        "+strings.TrimSpace(strings.Repeat("long ", 18))+"\n        long\n        "+
		strings.Repeat("x", 100)+"\n        end\n        default: false\n")
}

func TestCommandsAreToldWhenTheyAreRefused(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"-x", "x", "-port=x", "-port"} {
		set, port := settings.New("sample", "", settingstest.Env{}.Get), 0
		settings.Add(set, &port, settings.Spec{Flag: "port"}, settings.Port())
		refused := 0
		program := &command.Command{Set: set, Run: func(context.Context) error { return nil }, Refused: func() { refused++ }}
		assert.Equal(t, 2, program.Execute(t.Context(), strings.Fields(line), io.Discard, io.Discard))
		assert.Equal(t, 1, refused, line)
	}
}
