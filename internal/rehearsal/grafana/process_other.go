//go:build !linux

package grafana

import (
	"os"
	"syscall"
)

func ownGroup() *syscall.SysProcAttr { return nil }

func end(process *os.Process) error { return process.Signal(os.Interrupt) }

func killGroup(process *os.Process) { _ = process.Kill() }
