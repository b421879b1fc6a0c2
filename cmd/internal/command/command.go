package command

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/exopool/exopool/cmd/internal/settings"
)

// A Command is a program, or one of its commands.
type Command struct {
	// Set has the settings. It is named after the program and the command, such
	// as "example serve".
	Set *settings.Set
	// Short says in a few words what the command does, for lists of commands.
	Short string
	// Run carries the command out, after Set has been read. An [ExitError] sets
	// the exit code. Nil: there are only the commands below.
	Run func(ctx context.Context) error
	// Refused is called when the command line or a setting is wrong, so that Run
	// is not; nil: there is nothing to do but to say so.
	Refused func()
	// Default is the one of Commands that runs when none is named, with its
	// settings in place of Set's; nil: this command itself.
	Default *Command
	// Commands are those below, in the order of the help.
	Commands []*Command

	standard bool // all programs have it
	hidden   bool
}

// Execute carries out a command line, without the name of the program, and
// returns the exit code. Help goes to stdout, what is wrong to stderr.
func (c *Command) Execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	name, err := c.Parse(ctx, args, stdout)
	return writeError(stderr, name, err)
}

// Parse is Execute that returns the error, and the name of the command that ends
// with it.
func (c *Command) Parse(ctx context.Context, args []string, stdout io.Writer) (name string, err error) {
	program := c.withStandard(stdout)
	root := program.build(ctx, stdout)
	root.SetOut(stdout)
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		return c.Set.Name(), program.answerCompletion(ctx, root, args, stdout)
	}
	root.SetArgs(program.twoDashes(args))
	ran, err := root.ExecuteContextC(ctx)
	return ran.CommandPath(), err
}

// withStandard returns the program with the commands that all programs have.
func (c *Command) withStandard(stdout io.Writer) *Command {
	program := *c
	more := []*Command{versionCommand(c.Set.Name(), stdout), helpCommand(&program, stdout), completionCommand(c.Set.Name(), stdout), manCommand(&program)}
	for _, command := range more {
		command.standard = true
	}
	program.Commands = slices.Concat(c.Commands, more)
	return &program
}

// name returns how the command is called by what is above it.
func (c *Command) name() string {
	name := c.Set.Name()
	return name[strings.LastIndexByte(name, ' ')+1:]
}

// runs returns what carries out a command line that names no command below.
func (c *Command) runs() *Command {
	if c.Default != nil {
		return c.Default
	}
	return c
}

// find returns the command below with the name, or nil.
func (c *Command) find(name string) *Command {
	for _, below := range c.Commands {
		if below.name() == name {
			return below
		}
	}
	return nil
}

// names returns the names of the commands below.
func (c *Command) names() (names []string) {
	for _, below := range c.Commands {
		if !below.hidden {
			names = append(names, below.name())
		}
	}
	return names
}

// build returns the command and those below for cobra.
func (c *Command) build(ctx context.Context, stdout io.Writer) *cobra.Command {
	runs := c.runs()
	cmd := &cobra.Command{
		Use: c.name(), Short: c.Short, Hidden: c.hidden, Args: cobra.ArbitraryArgs,
		SilenceErrors: true, SilenceUsage: true,
	}
	cmd.CompletionOptions.DisableDefaultCmd = true // for all programs there is one with our help
	cmd.Flags().BoolP("help", "h", false, "print the help")
	cmd.Flags().AddFlagSet(runs.Set.Flags())
	cmd.Flags().SetInterspersed(runs.Set.Interspersed())
	cmd.SetHelpFunc(func(*cobra.Command, []string) { c.writeHelp(stdout) })
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return runs.refuse(flagError(runs.Set, err)) })
	completeOperands(cmd, runs.Set)
	version := new(bool)
	if !strings.Contains(c.Set.Name(), " ") {
		version = cmd.Flags().Bool("version", false, "print the version")
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case *version:
			_, err := io.WriteString(stdout, readVersion(c.Set.Name()).String())
			return err
		case len(args) > 0 && c.wantsCommand(args[0]):
			return c.unknown(args[0])
		case runs.Run == nil:
			return wrong(c.Set.Name(), "names no command", "give "+orList(c.names()))
		}
		if err := runs.Set.Read(args, cmd.ArgsLenAtDash()); err != nil {
			return runs.refuse(err)
		}
		return runs.Run(ctx)
	}
	for _, below := range c.Commands {
		child := below.build(ctx, stdout)
		cmd.AddCommand(child)
		if below.name() == helpName {
			cmd.SetHelpCommand(child) // in place of cobra's own
		}
	}
	return cmd
}

// refuse returns the error of a command line, once the command has been told.
func (c *Command) refuse(err error) error {
	if c.Refused != nil {
		c.Refused()
	}
	return err
}

// wantsCommand reports whether an argument must have been meant as one of the
// commands below. Of a program that has none of its own it is rather a flag
// without its dash.
func (c *Command) wantsCommand(argument string) bool {
	set := c.runs().Set
	if len(c.Commands) == 0 || len(set.Operands()) > 0 || !set.Interspersed() {
		return false
	}
	return !c.Commands[0].standard || nearest(argument, c.names()) != ""
}

// unknown returns the error of a command that there is not.
func (c *Command) unknown(name string) error {
	remedy := "give " + orList(c.names())
	if c.Run != nil {
		remedy += ", or settings as flags, -name=value"
	}
	if near := nearest(name, c.names()); near != "" {
		remedy = "did you mean " + near + "?"
	}
	if len(c.names()) == 0 {
		remedy = "leave it out"
	}
	return wrong(c.Set.Name(), "has the unknown command "+quote(name), remedy)
}

// wrong returns an error of a command line.
func wrong(program, problem, remedy string) error {
	return &settings.Error{Program: program, Settings: []settings.SettingError{{Setting: "command line", Problem: problem, Remedy: remedy}}}
}
