package process

import "syscall"

// ownProcessGroup keeps the terminal's Ctrl-C from members: their parent hears
// it and ends them in order.
func ownProcessGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
