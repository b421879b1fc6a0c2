//go:build !unix

package terraform

import "os/exec"

func newProcessGroup(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
