package grafanaserver

import (
	"os"
	"syscall"
)

// processGroup keeps the terminal's Ctrl-C from Grafana, which is terminated in
// order, and makes the kernel kill it if this program dies.
func processGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

func terminate(process *os.Process) error { return process.Signal(syscall.SIGTERM) }

// killGroup kills what is left of the process and of what it has started.
func killGroup(process *os.Process) { _ = syscall.Kill(-process.Pid, syscall.SIGKILL) }
