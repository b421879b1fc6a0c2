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

	"github.com/exopool/exopool/cmd/internal/command"
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

// An execution is a command that exec runs, and the cloud that it runs against.
type execution struct {
	config

	command    []string
	localState bool // in a copy of the folder, whose state is local
	hangsUp    bool // TERM ends the command only as HUP does
	// ready readies the command for the cloud, and returns what to do when it has
	// ended; nil: there is nothing to do.
	ready func(*fakecloud.Cloud, *exec.Cmd) (ended func(), err error)
}

// exec runs a command against a new instance and ends with the command's exit
// code. Signals are forwarded to the command.
func (p program) exec() *command.Command {
	x := &execution{config: config{Listen: "127.0.0.1:0", Machines: machinesMemory}}
	set := p.newSet("exec", "fakecloud exec runs a command against a new fake Exoscale, which ends with the command.")
	set.ExitCodes = "those of the command; 126 or 127 when it cannot be run, 1 on another failure, 2 when a setting is wrong."
	set.Example("fakecloud exec -- terraform apply")
	set.Rest(&x.command, "-- COMMAND [ARGUMENT...]")
	addCloud(set, &x.config, "")
	addState(set, &x.State)
	settings.Add(set, &x.localState, settings.Spec{
		Flag: "local-state", Help: "runs the command in a copy of this folder of Terraform configuration, whose state is local " +
			"whatever backend it names, and which is removed with the cloud",
	}, settings.Bool())
	set.Check(func() {
		if len(x.command) == 0 {
			set.Wrong("command line", "has no command", "give one: fakecloud exec -- COMMAND")
		}
		if x.localState && slices.ContainsFunc(x.command, func(a string) bool { return strings.HasPrefix(a, "-chdir") }) {
			set.Wrong("flag -local-state", "does not go with -chdir, which leads out of the copy", "change into the folder first")
		}
	})
	return &command.Command{
		Set: set, Short: "run a command against a new cloud, which ends with it",
		Run: func(ctx context.Context) error { return p.execute(ctx, *x) },
	}
}

// execute runs a command against a new instance.
func (p program) execute(ctx context.Context, x execution) error {
	if err := p.openState(&x.config); err != nil {
		return err
	}
	defer x.state.close()
	cloud, err := p.start(ctx, x.config)
	if err != nil {
		return err
	}
	name := filepath.Base(x.command[0])
	defer reportBill(p.stderr, cloud)
	defer p.reportStandIns(cloud)
	defer p.reportUnsupported(cloud, name)
	defer p.reportFailedPulls(cloud)
	defer p.close(cloud) // so that the report is complete
	defer p.reportRest(ctx, cloud, name, x.State)

	dir, remove, err := workingFolder(x.localState)
	if err != nil {
		return err
	}
	defer remove()
	cmd := exec.CommandContext(ctx, x.command[0], x.command[1:]...) //nolint:gosec // running it is the purpose
	cmd.Dir = dir
	cmd.Env = cloud.Environ(p.environ)
	p.reportWithheld()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.stdin, p.stdout, p.stderr
	if x.ready != nil {
		ended, err := x.ready(cloud, cmd)
		if err != nil {
			return err
		}
		defer ended()
	}
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			return &command.ExitError{Code: exitNotFound, Err: err}
		}
		return &command.ExitError{Code: exitNotExecutable, Err: err}
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	for {
		select {
		case signal := <-p.signals:
			if x.hangsUp && signal == syscall.SIGTERM {
				signal = syscall.SIGHUP
			}
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

// outcome returns what ends this program with the exit code of a command that has
// ended.
func outcome(cmd *exec.Cmd, err error) error {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return command.Exit(exitSignal + int(status.Signal()))
	}
	return command.Exit(cmd.ProcessState.ExitCode())
}
