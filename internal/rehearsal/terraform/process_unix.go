//go:build unix

package terraform

import (
	"os/exec"
	"syscall"
)

// newProcessGroup keeps the terminal's Ctrl-C from the program, which gets one
// from us: on a second one, Terraform stops without saving its state.
func newProcessGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills the program and all that it has started and that still runs.
func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
