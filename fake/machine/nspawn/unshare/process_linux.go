package unshare

import (
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"syscall"
)

// script prepares the namespaces and turns into the program. Its arguments are
// overlay options, mount point, cgroup files up to "--", and the program.
//
// The process joins the cgroups itself, as all of its children have to be in
// them from their first moment on.
const script = `set -e
mount -t proc proc /proc
overlay=$1 root=$2; shift 2
while [ "$1" != -- ]; do echo 0 >"$1"; shift; done
shift
[ -z "$overlay" ] || mount -t overlay overlay -o "$overlay" "$root"
exec "$@"`

// Start runs the program. Unlike a command of os/exec, the process has only
// the environment it is given.
func Start(spec Spec) (*Process, error) {
	cmd := command(spec)
	p := &Process{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		defer close(p.done)
		// The kernel kills the process with the thread that started it, and
		// Go lets a thread die when a goroutine that is locked to it ends
		// unusually. This one belongs to the process until its end.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		p.process = cmd.Process
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			p.code = cmd.ProcessState.ExitCode()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Args[0], err)
	}
	return p, nil
}

func command(spec Spec) *exec.Cmd {
	args := []string{"sh", "-c", script, "exopool-unshare"}
	if o := spec.Overlay; o != nil {
		args = append(args, fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", o.Lower, o.Upper, o.Work), o.Target)
	} else {
		args = append(args, "", "")
	}
	args = append(args, spec.Cgroups...)
	args = append(args, "--")
	args = append(args, spec.Args...)
	output := spec.Output
	if output == nil {
		output = io.Discard
	}
	return &exec.Cmd{
		Path:   "/bin/sh",
		Args:   args,
		Env:    append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/root"}, spec.Env...),
		Stdin:  spec.Input,
		Stdout: output,
		Stderr: output,
		SysProcAttr: &syscall.SysProcAttr{
			Cloneflags: syscall.CLONE_NEWPID,
			// Unshared, the mount namespace is made private before anything
			// is mounted.
			Unshareflags: syscall.CLONE_NEWNS,
			Pdeathsig:    syscall.SIGKILL,
			// Ctrl-C in the terminal is for this program only.
			Setsid: true,
		},
	}
}
