package network

import (
	"fmt"
	"runtime"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// inNamespace runs f on a thread that is in the namespace. The thread ends with f:
// one that has been elsewhere must not serve other goroutines. What f opens
// stays in the namespace; goroutines that f starts do not run there.
func inNamespace(ns netns.NsHandle, f func() error) error {
	done := make(chan error, 1)
	go onOwnThread(done, func() error {
		if err := netns.Set(ns); err != nil {
			return fmt.Errorf("enter network namespace: %w", err)
		}
		return f()
	})
	return <-done
}

// onOwnThread runs f on a thread that nothing else will run on.
func onOwnThread(done chan<- error, f func() error) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		done <- f() // Never unlocked, the thread ends with its goroutine.
		return
	}
	// The main thread cannot end, and what it is in, the whole program is in
	// for others. While it is held here, f gets another one.
	defer runtime.UnlockOSThread()
	inner := make(chan error, 1)
	go onOwnThread(inner, f)
	done <- <-inner
}
