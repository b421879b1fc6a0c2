package command

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/exopool/exopool/cmd/internal/settings"
)

// completionCommand prints the script that completes a program's command line.
func completionCommand(name string, stdout io.Writer) *Command {
	shell := ""
	set := newSet(name+" completion", "prints a script for a shell, with which it completes the commands, flags and values of "+name+".")
	settings.AddOperand(set, &shell, settings.Spec{Help: "what the script is for: bash, zsh, fish or powershell", Required: true},
		settings.OneOf("SHELL", "bash", "zsh", "fish", "powershell"))
	set.Example("source <(" + name + " completion bash)   # in this shell; it needs the package bash-completion")
	set.Example(name + " completion bash >/etc/bash_completion.d/" + name)
	set.Example(name + " completion zsh >\"${fpath[1]}/_" + name + "\"")
	set.Example(name + " completion fish >~/.config/fish/completions/" + name + ".fish")
	return &Command{Set: set, Short: "print the script for completion in a shell", Run: func(context.Context) error {
		root := &cobra.Command{Use: name}
		switch shell {
		case "zsh":
			return root.GenZshCompletion(stdout)
		case "fish":
			return root.GenFishCompletion(stdout, true)
		case "powershell":
			return root.GenPowerShellCompletionWithDesc(stdout)
		}
		return root.GenBashCompletionV2(stdout, true)
	}}
}

// answerCompletion answers what the script of a shell asks: args are cobra's request and
// the words of a command line, of which the last is to be completed.
func (c *Command) answerCompletion(ctx context.Context, root *cobra.Command, args []string, stdout io.Writer) error {
	c.registerValues(root)
	words := c.twoDashes(args[1:])
	one := len(args) > 1 && strings.HasPrefix(args[len(args)-1], "-") && !strings.HasPrefix(args[len(args)-1], "--")
	var answer bytes.Buffer
	root.SetOut(&answer)
	root.SetErr(io.Discard) // which says how it was found
	root.SetArgs(slices.Concat(args[:1], words))
	if err := root.ExecuteContext(ctx); err != nil {
		return err
	}
	for line := range strings.Lines(answer.String()) {
		if one && strings.HasPrefix(line, "--") {
			line = line[1:]
		}
		if _, err := io.WriteString(stdout, line); err != nil {
			return err
		}
	}
	return nil
}

// registerValues has the values of flags completed, as far as they can be listed.
func (c *Command) registerValues(cmd *cobra.Command) {
	for _, s := range c.runs().Set.Settings() {
		for _, name := range s.Flags {
			// A command and its default have the same flags, which are registered once.
			_ = cmd.RegisterFlagCompletionFunc(name, func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
				return candidates(s, begun)
			})
		}
	}
	for _, child := range cmd.Commands() {
		if below := c.find(child.Name()); below != nil {
			below.registerValues(child)
		}
	}
}

// completeOperands has the arguments of a command completed that are no flags.
func completeOperands(cmd *cobra.Command, set *settings.Set) {
	cmd.ValidArgsFunction = func(_ *cobra.Command, before []string, begun string) ([]string, cobra.ShellCompDirective) {
		switch operands := set.Operands(); {
		case len(before) < len(operands):
			return candidates(operands[len(before)], begun)
		case !set.Interspersed():
			return nil, cobra.ShellCompDirectiveDefault
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// candidates returns the values of a setting that begin so.
func candidates(s *settings.Setting, begun string) (values []string, directive cobra.ShellCompDirective) {
	switch {
	case s.Values != nil:
		for _, value := range s.Values() {
			if strings.HasPrefix(value, begun) {
				values = append(values, value)
			}
		}
		return values, cobra.ShellCompDirectiveNoFileComp
	case s.Arg == "FILE" || s.Arg == "PATH" || s.Arg == "DIR":
		return nil, cobra.ShellCompDirectiveDefault
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}
