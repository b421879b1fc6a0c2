package unshare

import (
	"errors"
	"io"
	"os"
	"strings"
)

// A Spec is what to run.
type Spec struct {
	Args []string // program and arguments
	Env  []string // beyond PATH, HOME and LC_ALL
	// Input is standard input; nothing by default.
	Input io.Reader
	// Output gets standard output and standard error. With an *os.File
	// nothing stands between the process and the file.
	Output io.Writer
	// Cgroups are the cgroup.procs files through which the process joins its
	// cgroups.
	Cgroups []string
	// Overlay is mounted first, if given.
	Overlay *Overlay
}

// An Overlay is a file system of layers: Lower is only read, Upper takes what
// changes. The mount lives as long as the process. See [Mountable] for paths
// that will not do.
type Overlay struct {
	Lower, Upper, Work string
	Target             string // directory to mount it on
}

// Mountable reports whether a path can be part of an [Overlay]: the kernel
// takes some characters for separators.
func Mountable(path string) bool { return !strings.ContainsAny(path, `:,\`) }

// A Process runs until its end; its maker need not wait for it.
type Process struct {
	process *os.Process
	done    chan struct{}
	code    int
	err     error
}

// Done is closed when the process and all of its children are gone.
func (p *Process) Done() <-chan struct{} { return p.done }

// ExitCode is valid once the process is done; -1 if a signal ended it.
func (p *Process) ExitCode() int { return p.code }

// Err returns, once the process is done, why it did not end with exit code 0.
func (p *Process) Err() error { return p.err }

// PID is the process id as this program sees it.
func (p *Process) PID() int { return p.process.Pid }

// Signal sends a signal to the process alone. One that is gone already is no
// error.
func (p *Process) Signal(sig os.Signal) error {
	if err := p.process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Kill ends the process with all its children at once and waits until they
// are gone.
func (p *Process) Kill() error {
	err := p.Signal(os.Kill)
	if err == nil {
		<-p.done
	}
	return err
}
