package nspawn

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// maxConsole bounds what is read of a console, in bytes.
const maxConsole = 1 << 20

// causeOfDeath returns the error of a machine that ended by itself. What its console
// says is looked at for what the host lacks.
func causeOfDeath(console string, err error) error {
	err = fmt.Errorf("machine died: %w", err)
	file, openErr := os.Open(console) //nolint:gosec // G304: the driver's own file
	if openErr != nil {
		return err
	}
	defer file.Close()
	text, _ := io.ReadAll(io.LimitReader(file, maxConsole)) // as far as it can be read
	if bytes.Contains(text, []byte("inotify object: Too many open files")) {
		return fmt.Errorf("%w: this host has no inotify instances left for it: raise their number, say with sysctl -w fs.inotify.max_user_instances=1024", err)
	}
	return err
}
