// Package scripttest writes programs for tests that run them at once.
package scripttest

import (
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Write writes an executable file. A process that another test starts in the
// meantime would inherit the open file, and as long as it has that, to run the
// program fails with "text file busy" (execve(2)): so none is started.
func Write(tb testing.TB, path, content string) {
	tb.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	require.NoError(tb, os.WriteFile(path, []byte(content), 0o700)) //nolint:gosec // it is to be run
}
