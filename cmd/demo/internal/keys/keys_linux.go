package keys

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// pollInterval is how soon a reader notices that it should end.
const pollInterval = 100 * time.Millisecond

// escape begins the sequences of keys such as the arrows.
const escape = 0x1b

// Supported reports whether keys can be read from a file: whether it is a
// terminal.
func Supported(file *os.File) bool {
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}

// Run calls pressed for each key until ctx ends or the terminal is gone, neither
// of which is an error. Meanwhile nothing is echoed; Ctrl-C and Ctrl-Z work as
// ever. Keys of more than one byte are left out. While the program is in the
// background, the terminal is left to the others.
func Run(ctx context.Context, file *os.File, pressed func(key byte)) error {
	t := terminal{fd: int(file.Fd())}
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, unix.SIGCONT)
	defer signal.Stop(continued)
	defer t.leave()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-continued:
			t.changed = false // by the shell, while the program was stopped
		case <-tick.C:
		}
		if !t.foreground() {
			continue
		}
		if err := t.enter(); errors.Is(err, unix.EIO) {
			return nil // the terminal is gone
		} else if err != nil {
			return err
		}
		typed, err := t.read()
		if err != nil {
			return nil // the terminal is gone
		}
		for _, key := range typed {
			pressed(key)
		}
	}
}

// A terminal is one that may have been changed.
type terminal struct {
	fd      int
	before  *unix.Termios
	changed bool
}

// foreground reports whether the terminal is the program's to read: others that
// try are stopped. One that controls no session is everybody's.
func (t *terminal) foreground() bool {
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

// enter lets keys be read one by one, unseen.
func (t *terminal) enter() error {
	if t.changed {
		return nil
	}
	now, err := unix.IoctlGetTermios(t.fd, unix.TCGETS)
	if err != nil {
		return fmt.Errorf("read the settings of the terminal: %w", err)
	}
	if t.before == nil {
		before := *now
		t.before = &before
	}
	now.Lflag &^= unix.ICANON | unix.ECHO
	now.Cc[unix.VMIN], now.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(t.fd, unix.TCSETS, now); err != nil {
		return fmt.Errorf("change the settings of the terminal: %w", err)
	}
	t.changed = true
	return nil
}

// leave restores the terminal. A shell that has it has done so itself.
func (t *terminal) leave() {
	if t.before != nil && t.foreground() {
		_ = unix.IoctlSetTermios(t.fd, unix.TCSETS, t.before) // a terminal that is gone needs nothing
	}
}

// read returns what was typed since the last call.
func (t *terminal) read() ([]byte, error) {
	fds := []unix.PollFd{{Fd: int32(t.fd), Events: unix.POLLIN}} //nolint:gosec // a descriptor is small
	if n, err := unix.Poll(fds, 0); n == 0 || err == unix.EINTR {
		return nil, nil
	}
	typed := make([]byte, 256)
	n, err := unix.Read(t.fd, typed)
	if err != nil {
		return nil, fmt.Errorf("read the terminal: %w", err)
	}
	if n == 0 {
		return nil, os.ErrClosed
	}
	typed = typed[:n]
	if i := slices.Index(typed, escape); i >= 0 {
		typed = typed[:i]
	}
	return typed, nil
}
