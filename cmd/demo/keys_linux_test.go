package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/exopool/exopool/cmd/demo/internal/keys"
)

// The user drives the load with keys, and however the demo ends, the terminal is
// as it was.
func TestKeys(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, user *os.File, demo *os.Process){
		"q":      func(t *testing.T, user *os.File, _ *os.Process) { t.Helper(); press(t, user, "q") },
		"Ctrl-C": func(t *testing.T, user *os.File, _ *os.Process) { t.Helper(); press(t, user, "\x03") },
		"SIGTERM": func(t *testing.T, _ *os.File, demo *os.Process) {
			t.Helper()
			require.NoError(t, demo.Signal(syscall.SIGTERM))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user, tty := terminal(t)
			before := termios(t, tty)
			demo := exec.CommandContext(t.Context(), os.Args[0], "-speed", "20", "-interactive")
			demo.Env = append(os.Environ(), asProgram+"=1", "TMPDIR="+t.TempDir(), "TERM=xterm", "LANG=C.UTF-8")
			demo.Stdin, demo.Stdout, demo.Stderr = tty, tty, tty
			demo.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			require.NoError(t, demo.Start())
			var seen strings.Builder

			awaitText(t, user, &seen, "waiting for you to set the load")
			awaitText(t, user, &seen, "keys: + one client more, - one fewer, 0 none, q ends the demo")
			assert.Zero(t, termios(t, tty).Lflag&(unix.ECHO|unix.ICANON), "keys come one by one, and unseen")
			press(t, user, "++-+\x1b[20~") // the last is F9, which has a 0
			awaitText(t, user, &seen, "2 clients send requests")
			assert.NotContains(t, seen.String(), "1 client sends", "keys in a row are one event")
			press(t, user, "0")
			awaitText(t, user, &seen, "no client sends requests any more")
			end(t, user, demo.Process)
			awaitText(t, user, &seen, "20x speed")

			require.NoError(t, demo.Wait())
			assert.Contains(t, seen.String(), "driven by hand")
			assert.Equal(t, before, termios(t, tty))
			shown, hidden := strings.LastIndex(seen.String(), "\x1b[?25h"), strings.LastIndex(seen.String(), "\x1b[?25l")
			assert.Greater(t, shown, hidden, "the cursor is visible")
		})
	}
}

// A terminal that is gone before keys are read is no error either.
func TestTerminalThatIsGone(t *testing.T) {
	t.Parallel()
	user, tty := terminal(t)
	require.NoError(t, user.Close())

	assert.NoError(t, keys.Run(t.Context(), tty, func(key byte) { t.Errorf("the key %q", key) }))
}

// terminal opens a terminal: the end of who sits at it, and the end of programs.
func terminal(t *testing.T) (user, tty *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals on this system:", err)
	}
	t.Cleanup(func() { user.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { tty.Close() })
	require.NoError(t, unix.IoctlSetWinsize(int(user.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 100}))
	return user, tty
}

func termios(t *testing.T, tty *os.File) unix.Termios {
	t.Helper()
	settings, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	require.NoError(t, err)
	return *settings
}

func press(t *testing.T, user *os.File, keys string) {
	t.Helper()
	_, err := user.WriteString(keys)
	require.NoError(t, err)
}
