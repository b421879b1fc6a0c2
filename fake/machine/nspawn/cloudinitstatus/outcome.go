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
	logFile    = "var/log/cloud-init.log"
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
	// Complaints are the first lines by which commands said that something
	// went wrong, also when a script went on after them.
	Complaints []string
	// Tail is the end of what the user-data's commands wrote.
	Tail []string
}

// Err is nil when all went well. It names the errors; for a script that failed, the
// line and what was said last, without what looks like a secret.
func (o Outcome) Err() error {
	if len(o.Errors) == 0 {
		return nil
	}
	text := strings.Join(o.Errors, "; ")
	if !strings.HasPrefix(text, " ") {
		text = ": " + text
	}
	return errors.New("user-data failed" + text)
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
	lines := commands(string(output))
	o.Tail, o.Complaints = lines.tail(), lines.complaints()
	o.explainScripts(disk, lines)
	return o, nil
}

// explainScripts replaces what cloud-init says of scripts that failed, which is no
// more than their names. What comes first in the error is a script, if one failed.
func (o *Outcome) explainScripts(disk *os.Root, lines said) {
	var explained, others []string
	for _, message := range o.Errors {
		scripts := failedScripts(message)
		if scripts == nil {
			others = append(others, message)
			continue
		}
		log, err := readEnd(disk, logFile)
		if err != nil {
			log = nil // The exit code is not known then.
		}
		for _, name := range scripts {
			explained = append(explained, explain(name, readScript(disk, name), string(log), lines).String())
		}
	}
	o.Errors = append(explained, others...)
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
