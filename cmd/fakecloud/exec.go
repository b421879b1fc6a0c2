package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/internal/rehearsal/terraform"
)

// The exit codes of shells for commands that could not be run or were killed.
const (
	exitNotExecutable = 126
	exitNotFound      = 127
	exitSignal        = 128 // plus the signal's number
)

// exec runs a command against a new instance and returns the command's exit
// code. Signals are forwarded to the command.
func (p program) exec(ctx context.Context, args []string) (int, error) {
	cfg := config{Listen: "127.0.0.1:0", Machines: machinesMemory}
	var (
		command    []string
		localState bool
	)
	set := p.newSet("exec", "fakecloud exec runs a command against a new fake Exoscale, which ends with the command.")
	set.ExitCodes = "those of the command; 126 or 127 when it cannot be run, 1 on another failure, 2 when a setting is wrong."
	set.Operands(&command, "-- COMMAND [ARGUMENT...]")
	addCloud(set, &cfg, "")
	addState(set, &cfg.State)
	settings.Add(set, &localState, settings.Spec{
		Flag: "local-state", Help: "runs the command in a copy of this folder of Terraform configuration, whose state is local " +
			"whatever backend it names, and which is removed with the cloud",
	}, settings.Bool())
	set.Check(func() {
		if len(command) == 0 {
			set.Wrong("command line", "has no command", "give one: fakecloud exec -- COMMAND")
		}
		if localState && slices.ContainsFunc(command, func(a string) bool { return strings.HasPrefix(a, "-chdir") }) {
			set.Wrong("flag -local-state", "does not go with -chdir, which leads out of the copy", "change into the folder first")
		}
	})
	if err := set.Parse(args, p.stdout); err != nil {
		return exitOK, err
	}
	if err := p.openState(&cfg); err != nil {
		return exitOK, err
	}
	defer cfg.state.close()
	cloud, err := p.start(ctx, cfg)
	if err != nil {
		return exitOK, err
	}
	defer reportBill(p.stderr, cloud)
	defer p.reportStandIns(cloud)
	defer p.reportUnsupported(cloud, filepath.Base(command[0]))
	defer p.reportFailedPulls(cloud)
	defer p.close(cloud) // so that the report is complete
	defer p.reportRest(ctx, cloud, filepath.Base(command[0]), cfg.State)

	dir, remove, err := workingFolder(localState)
	if err != nil {
		return exitOK, err
	}
	defer remove()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // running it is the purpose
	cmd.Dir = dir
	cmd.Env = cloud.Environ(p.environ)
	p.reportWithheld()
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
			p.forward(signal, cmd.Process)
		case err := <-exited:
			return outcome(cmd, err)
		}
	}
}

// workingFolder returns where the command runs: here, or in a copy with a local
// state. remove removes the copy.
func workingFolder(localState bool) (dir string, remove func(), err error) {
	if !localState {
		return "", func() {}, nil
	}
	folder, err := terraform.New(terraform.Config{Dir: ".", KeepLock: true})
	if err != nil {
		return "", nil, fmt.Errorf("flag -local-state: %w", err)
	}
	return folder.Dir(), func() { _ = folder.Close() }, nil // what cannot be removed is in the system's place for such things
}

// reportWithheld prints the names of the variables that the command does not
// get, or gets with another value.
func (p program) reportWithheld() {
	if names := fakecloud.Withheld(p.environ); len(names) > 0 {
		fmt.Fprintf(p.stderr, "fakecloud: removed from the command's environment, or replaced, because they may lead to a real account: %s\n", strings.Join(names, ", "))
	}
}

// forward hands a signal on, unless the terminal has sent it to the command too:
// some programs stop without cleaning up at a second interrupt.
func (p program) forward(signal os.Signal, to *os.Process) {
	if signal != syscall.SIGTERM && inForeground() {
		return
	}
	if err := to.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		fmt.Fprintf(p.stderr, "fakecloud exec: forward %s: %v\n", signal, err)
	}
}

// outcome returns the exit code of a command that has ended.
func outcome(cmd *exec.Cmd, err error) (int, error) {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return exitFailure, err
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignal + int(status.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}
