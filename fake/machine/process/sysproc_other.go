//go:build !linux

package process

import "syscall"

// ownProcessGroup has nothing to do where the driver refuses to run.
func ownProcessGroup() *syscall.SysProcAttr { return nil }
