package container

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// runGrace is how long what is left of a cancelled command may take to go.
const runGrace = 10 * time.Second

// Run runs a command in the machine, as root, and returns its exit code: 255 if
// a signal ended it. The machine's systemd has to be up.
//
// The command is a service of that systemd, so that it is limited and accounted
// like everything else in the machine, and none of its children outlives it.
// When ctx ends, they are killed. Arguments are visible to all users of the
// machine and of the host; secrets belong into stdin.
func (p Process) Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (exitCode int, err error) {
	leader, err := p.Leader()
	if err != nil {
		return 0, fmt.Errorf("run a command in the machine: %w", err)
	}
	unit := "exopool-run-" + strings.ToLower(rand.Text()) + ".service"
	service := []string{
		"systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--unit=" + unit,
		"--setenv=HOME=/root", "--setenv=LC_ALL=C.UTF-8", "--",
	}
	for _, arg := range args {
		service = append(service, strings.ReplaceAll(arg, "$", "$$")) // systemd would expand variables
	}
	cmd := inside(ctx, leader, service...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	cmd.WaitDelay = runGrace
	cmd.Cancel = func() error {
		// First who asks for the service, so that nobody does any more.
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
			return err
		}
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), runGrace)
		defer cancel()
		// It fails when there is no such service, never or no more.
		_ = inside(limited, leader, "systemctl", "kill", "--signal=KILL", unit).Run()
		return nil
	}
	err = cmd.Run()
	if ctx.Err() != nil {
		return 0, fmt.Errorf("run a command in the machine: %w", context.Cause(ctx))
	}
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case failed && exit.ExitCode() >= 0:
		return exit.ExitCode(), nil
	case failed:
		return 0, errors.New("run a command in the machine: the machine went off meanwhile")
	case err != nil:
		return 0, fmt.Errorf("run a command in the machine: %w", err)
	}
	return 0, nil
}

// inside is a command in the namespaces of a process, with an environment of its
// own. Its process group is a new one.
func inside(ctx context.Context, pid int, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{ //nolint:gosec // G204: what to run is the caller's to say
		"--target=" + strconv.Itoa(pid), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd", "--",
	}, args...)...)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/root"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// Leader is the machine's first process, as this program sees it: the child of
// systemd-nspawn that is process 1 in its own namespace.
func (p Process) Leader() (int, error) {
	tasks := fmt.Sprintf("/proc/%d/task/*/children", p.PID())
	files, err := filepath.Glob(tasks)
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		children, err := os.ReadFile(file) //nolint:gosec // G304: a file of the kernel
		if err != nil {
			continue // a thread that has ended
		}
		for child := range strings.FieldsSeq(string(children)) {
			pid, err := strconv.Atoi(child)
			if err == nil && isFirst(pid) {
				return pid, nil
			}
		}
	}
	return 0, fmt.Errorf("it has no first process (in %s)", tasks)
}

// isFirst reports whether a process is process 1 of its own namespace.
func isFirst(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(status)) {
		if ids, ok := strings.CutPrefix(line, "NSpid:"); ok {
			fields := strings.Fields(ids)
			return len(fields) > 1 && fields[len(fields)-1] == "1"
		}
	}
	return false
}
