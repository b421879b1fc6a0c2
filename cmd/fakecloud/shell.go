package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/fake/fakecloud"
)

// promptMark stands before the prompt of a shell.
const promptMark = "(fakecloud) "

// shell runs the user's shell as exec runs a command.
func (p program) shell() *command.Command {
	// A shell at a terminal ignores TERM.
	x := &execution{config: config{Listen: "127.0.0.1:0", Machines: machinesMemory, KeepChanges: true}, ready: p.readyShell, hangsUp: true}
	set := p.newSet("shell", "fakecloud shell runs your shell against a new fake Exoscale, which ends with the shell. Its prompt begins with "+
		strings.TrimSpace(promptMark)+", where the shell lets it, and the commands faults, calls, console and snapshot find the cloud meanwhile.")
	set.ExitCodes = "that of the shell; 126 or 127 when it cannot be run, 1 on another failure, 2 when a setting is wrong."
	set.Note("SHELL names the shell.")
	addCloud(set, &x.config, "")
	addState(set, &x.State)
	return &command.Command{Set: set, Short: "run your shell against a new cloud, which ends with it", Run: func(ctx context.Context) error {
		x.command = []string{p.userShell()}
		return p.execute(ctx, *x)
	}}
}

// userShell returns the program that is the user's shell.
func (p program) userShell() string {
	if runtime.GOOS == "windows" {
		return cmp.Or(p.getenv("ComSpec"), "cmd.exe")
	}
	return cmp.Or(p.getenv("SHELL"), "/bin/sh")
}

// readyShell marks the prompt of a shell, says where it is, and lets other
// commands find its cloud.
func (p program) readyShell(cloud *fakecloud.Cloud, cmd *exec.Cmd) (ended func(), err error) {
	prompt := "PS1=" + promptMark + cmp.Or(p.getenv("PS1"), "$ ")
	if runtime.GOOS == "windows" { // zsh would take this one for its own
		prompt = "PROMPT=" + promptMark + cmp.Or(p.getenv("PROMPT"), "$P$G")
	}
	cmd.Env = append(cmd.Env, prompt)
	dir, err := os.MkdirTemp("", "fakecloud-shell-")
	if err != nil {
		return nil, err
	}
	unregister, err := p.register(cloud.Connection())
	if err != nil {
		fmt.Fprintf(p.stderr, "fakecloud shell: the commands faults and calls will not find this cloud: %v\n", err)
		unregister = func() {}
	}
	ended = func() {
		unregister()
		_ = os.RemoveAll(dir) // in the system's place for such things
	}
	if filepath.Base(cmd.Path) == "bash" {
		// What bash reads at its start sets a prompt, and may set real credentials.
		file := filepath.Join(dir, "bashrc")
		text := "[ -r ~/.bashrc ] && . ~/.bashrc\nPS1='" + promptMark + "'\"$PS1\"\n" + cloud.Connection().ShellCommands(p.environ)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			ended()
			return nil, err
		}
		cmd.Args = append(cmd.Args, "--rcfile", file)
	}
	fmt.Fprintf(p.stderr, "fakecloud: commands in this shell reach the fake Exoscale on %s, which ends with the shell: exit, or Ctrl-D\n", cloud.Connection().URL)
	return ended, nil
}
