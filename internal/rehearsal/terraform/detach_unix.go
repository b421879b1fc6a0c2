//go:build unix

package terraform

import (
	"os/exec"
	"syscall"
)

// detach keeps the terminal's Ctrl-C from the program: it comes from us, once.
// Terraform takes a second one as the order to drop everything.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
