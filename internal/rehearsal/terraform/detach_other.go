//go:build !unix

package terraform

import "os/exec"

func detach(*exec.Cmd) {}

func drop(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
