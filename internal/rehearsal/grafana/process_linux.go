package grafana

import (
	"os"
	"syscall"
)

// ownGroup keeps the terminal's Ctrl-C from Grafana, which is ended in order,
// and has the kernel kill it should the program die.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func end(process *os.Process) error { return process.Signal(syscall.SIGTERM) }

// killGroup kills what is left of the process and what it started.
func killGroup(process *os.Process) { _ = syscall.Kill(-process.Pid, syscall.SIGKILL) }
