package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Exit codes that shells use for commands that did not run or were killed.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
	exitSignal        = 128 // plus the signal's number
)

// exec runs a command against an instance of its own and returns the
// command's exit code. Signals are the command's to act on.
func (p program) exec(ctx context.Context, args []string) (int, error) {
	s := settings{listen: "127.0.0.1:0"}
	flags := flag.NewFlagSet("exec", flag.ContinueOnError)
	s.declare(flags)
	if err := p.parse(flags, args, "-- COMMAND [ARGUMENT...]"); err != nil {
		return exitOK, err
	}
	if flags.NArg() == 0 {
		return exitOK, usageError{errors.New("run what? fakecloud exec -- COMMAND")}
	}
	if err := s.validate(); err != nil {
		return exitOK, err
	}
	in, err := p.start(ctx, s)
	if err != nil {
		return exitOK, err
	}
	defer in.border.report(p.stderr, filepath.Base(flags.Arg(0)))
	defer in.close() // after which nothing is missing in the report

	cmd := exec.CommandContext(ctx, flags.Arg(0), flags.Args()[1:]...) //nolint:gosec // running it is the purpose
	cmd.Env = in.contact.redirect(p.environ)
	in.contact.tell(p.stderr, p.environ)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.stdin, p.stdout, p.stderr
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			return exitNotFound, err
		}
		return exitNotExecutable, err
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	for {
		select {
		case signal := <-p.signals:
			p.pass(signal, cmd.Process)
		case err := <-exited:
			return outcome(cmd, err)
		}
	}
}

// pass hands a signal on, unless the terminal has sent it to the command too:
// some programs take a second interrupt as the order to drop everything.
func (p program) pass(signal os.Signal, to *os.Process) {
	if signal != syscall.SIGTERM && inForeground() {
		return
	}
	if err := to.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		fmt.Fprintf(p.stderr, "fakecloud exec: pass on %s: %v\n", signal, err)
	}
}

// outcome returns the exit code of a command that has ended.
func outcome(cmd *exec.Cmd, err error) (int, error) {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return exitFault, err
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignal + int(status.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}
