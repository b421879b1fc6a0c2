package cloudinitstatus

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"
)

// Where cloud-init writes, below the root of a disk. The files in its data
// directory are the real ones; those in /run link to them.
const (
	resultFile = "var/lib/cloud/data/result.json"
	statusFile = "var/lib/cloud/data/status.json"
	outputFile = "var/log/cloud-init-output.log"
	// scriptFiles are the scripts of the user-data, by instance and name.
	scriptFiles = "var/lib/cloud/instances/*/scripts/"
)

// settling is how long a machine may take to go off after cloud-init was told to
// end. Only when it stays on was that an error.
const settling = 30 * time.Second

// maxFile bounds what a machine can make its host read, in bytes.
const maxFile = 1 << 20

// An Outcome is what became of the user-data.
type Outcome struct {
	// Errors says, stage by stage, what cloud-init could not do. Empty means
	// that all went well.
	Errors []string
	// Warnings are what cloud-init noticed but could do without.
	Warnings []string
	// Place is where a script failed, such as "line 3 of runcmd", as far as
	// that can be known.
	Place string
	// Tail is the end of what the user-data's commands wrote.
	Tail []string
}

// Err is nil when all went well. It names the errors and the place, not what commands
// wrote: that may hold secrets.
func (o Outcome) Err() error {
	if len(o.Errors) == 0 {
		return nil
	}
	text := "user-data failed: " + strings.Join(o.Errors, "; ")
	if o.Place != "" {
		text += "; at " + o.Place
	}
	return errors.New(text)
}

// Read returns the outcome of a boot that began at the given time. It is false
// while cloud-init is at work, and when it ended with the machine.
func Read(disk *os.Root, since time.Time) (o Outcome, finished bool, err error) {
	info, err := disk.Stat(resultFile)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.ModTime().Before(since) {
		return Outcome{}, false, nil
	}
	if err == nil {
		o, err = read(disk)
	}
	if err != nil {
		return Outcome{}, false, fmt.Errorf("read what cloud-init did: %w", err)
	}
	if interrupted(o.Errors) && time.Since(info.ModTime()) < settling {
		return Outcome{}, false, nil
	}
	return o, true, nil
}

func read(disk *os.Root) (o Outcome, err error) {
	status, err := readEnd(disk, statusFile)
	if err != nil {
		return Outcome{}, err
	}
	if o.Errors, o.Warnings, err = parseStatus(status); err != nil {
		return Outcome{}, err
	}
	// There is none when nothing was ever written.
	output, err := readEnd(disk, outputFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Outcome{}, err
	}
	o.Tail = tail(string(output))
	if o.Place = lastErrorLine(string(output)); o.Place == "" {
		o.Place = unnamedErrorLine(disk, o.Errors)
	}
	return o, nil
}

// unnamedErrorLine finds the line when the shell did not name it: without set -e, a
// script fails by its last command.
func unnamedErrorLine(disk *os.Root, messages []string) string {
	name := failedScript(messages)
	if name == "" {
		return ""
	}
	found, err := fs.Glob(disk.FS(), scriptFiles+name)
	if err != nil || len(found) != 1 {
		return ""
	}
	script, err := readEnd(disk, found[0])
	if err != nil {
		return ""
	}
	return lastCommand(name, string(script))
}

// readEnd returns the end of a file.
func readEnd(disk *os.Root, name string) ([]byte, error) {
	f, err := disk.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxFile {
		if _, err := f.Seek(-maxFile, io.SeekEnd); err != nil {
			return nil, err
		}
	}
	return io.ReadAll(io.LimitReader(f, maxFile))
}
