//go:build unix

package terraform

import (
	"os/exec"
	"syscall"
)

// detach keeps the terminal's Ctrl-C from the program: it comes from us, once.
// Terraform takes a second one as the order to drop everything.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// drop kills the program and what it has started, as far as anything of that
// is left.
func drop(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
