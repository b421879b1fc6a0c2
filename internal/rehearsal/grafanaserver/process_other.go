//go:build !linux

package grafanaserver

import (
	"os"
	"syscall"
)

func processGroup() *syscall.SysProcAttr { return nil }

func terminate(process *os.Process) error { return process.Signal(os.Interrupt) }

func killGroup(process *os.Process) { _ = process.Kill() }
