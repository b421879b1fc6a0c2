package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// becomeOwner restarts the program as the owner of the file's directory, without
// any capability, and does not return then. It does so only as root and as the
// first process of a container: which user may write to a mounted directory of
// the host is known only when the container runs.
func becomeOwner(file string) error {
	if os.Getpid() != 1 || os.Geteuid() != 0 || !hasCapabilities() {
		return nil
	}
	uid, gid, err := owner(filepath.Dir(file))
	if err != nil {
		return err
	}
	// Some of this is set for one thread only, which has to be the one that restarts.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) { // unknown to the kernel
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(gid), syscall.Setuid(uid)); err != nil {
		return fmt.Errorf("become user %d of group %d: %w", uid, gid, err)
	}
	header, none := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
	if err := unix.Capset(&header, &none[0]); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid new privileges: %w", err)
	}
	//nolint:gosec // G204: this program with the arguments that it got
	return fmt.Errorf("restart as user %d: %w", uid, syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
}

// hasCapabilities reports whether a program that root starts has any capability.
func hasCapabilities() bool {
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		if has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, c, 0, 0, 0); err == nil && has == 1 {
			return true
		}
	}
	return false
}

// owner returns the owner of the directory, or of the one it will be made in.
func owner(dir string) (uid, gid int, err error) {
	info, err := os.Stat(dir)
	if parent := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && parent != dir {
		return owner(parent)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("find the owner of the directory of the targets file: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, fmt.Errorf("find the owner of %s: the system does not report it", dir)
	}
	return int(stat.Uid), int(stat.Gid), nil
}
