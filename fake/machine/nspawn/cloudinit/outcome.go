package cloudinit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Where cloud-init writes, below the root of a disk. The files in its data
// directory are the real ones; those in /run link to them.
const (
	resultFile = "var/lib/cloud/data/result.json"
	statusFile = "var/lib/cloud/data/status.json"
	outputFile = "var/log/cloud-init-output.log"
)

// maxFile bounds what a machine can make its host read, in bytes.
const maxFile = 1 << 20

// An Outcome is what became of the user-data.
type Outcome struct {
	// Faults tells, stage by stage, what cloud-init could not do. Empty means
	// that all went well.
	Faults []string
	// Warnings are what cloud-init noticed but could do without.
	Warnings []string
	// Place is where a script stopped, such as "runcmd line 3", if its shell
	// said so.
	Place string
	// Tail is the end of what the user-data's commands wrote.
	Tail []string
}

// Err is nil when all went well. It names faults and place, not what commands
// wrote: that may hold secrets.
func (o Outcome) Err() error {
	if len(o.Faults) == 0 {
		return nil
	}
	text := "user-data failed: " + strings.Join(o.Faults, "; ")
	if o.Place != "" {
		text += "; at " + o.Place
	}
	return errors.New(text)
}

// Read tells the outcome of a boot that began at the given time. It is false
// while cloud-init is at work.
func Read(disk *os.Root, since time.Time) (o Outcome, finished bool, err error) {
	info, err := disk.Stat(resultFile)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.ModTime().Before(since) {
		return Outcome{}, false, nil
	}
	if err != nil {
		return Outcome{}, false, fmt.Errorf("read what cloud-init did: %w", err)
	}
	status, err := read(disk, statusFile)
	if err != nil {
		return Outcome{}, false, fmt.Errorf("read what cloud-init did: %w", err)
	}
	if o.Faults, o.Warnings, err = parseStatus(status); err != nil {
		return Outcome{}, false, err
	}
	// There is none when nothing was ever written.
	output, err := read(disk, outputFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Outcome{}, false, fmt.Errorf("read what cloud-init did: %w", err)
	}
	o.Place, o.Tail = place(string(output)), tail(string(output))
	return o, true, nil
}

// read returns the end of a file.
func read(disk *os.Root, name string) ([]byte, error) {
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

// A stage is one of the four runs of cloud-init during a boot.
type stage struct {
	Errors      []string            `json:"errors"`
	Recoverable map[string][]string `json:"recoverable_errors"` // by level
}

// parseStatus reads status.json, version 1.
func parseStatus(text []byte) (faults, warnings []string, err error) {
	var status struct {
		V1 map[string]json.RawMessage `json:"v1"`
	}
	if err := json.Unmarshal(text, &status); err != nil {
		return nil, nil, fmt.Errorf("status of cloud-init: %w", err)
	}
	if status.V1 == nil {
		return nil, nil, errors.New("status of cloud-init: not of version 1")
	}
	for _, name := range []string{"init-local", "init", "modules-config", "modules-final"} {
		var s stage
		if raw, ok := status.V1[name]; !ok || json.Unmarshal(raw, &s) != nil {
			continue // A boot that was cut short has fewer stages.
		}
		faults = appendNew(faults, s.Errors...)
		for _, level := range []string{"CRITICAL", "ERROR", "WARNING", "DEPRECATED"} {
			for _, message := range s.Recoverable[level] {
				if level != "DEPRECATED" && spoilsUserData(message) {
					faults = appendNew(faults, message)
				} else {
					warnings = appendNew(warnings, message)
				}
			}
		}
	}
	return faults, warnings, nil
}

// spoilsUserData recognises warnings after which cloud-init goes on without the
// user-data, or a part of it.
func spoilsUserData(message string) bool {
	for _, words := range []string{
		"Failed loading yaml blob", "Failed at merging in cloud config", "Unhandled non-multipart", "Unhandled unknown content-type",
		"Calling handler", "Failed to compress", "failed schema validation",
	} {
		if strings.Contains(message, words) {
			return true
		}
	}
	return false
}

// appendNew leaves out what is known: stages repeat each other.
func appendNew(list []string, more ...string) []string {
	for _, text := range more {
		text = strings.Join(strings.Fields(unquote(text)), " ")
		if text != "" && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// Messages quote user-data, which may hold secrets: the parser of YAML prints a
// line and points at it, and data of an unknown kind is shown from its beginning.
var (
	yamlQuote = regexp.MustCompile(`(line \d+, column \d+):\n[^\n]*\n[ ]*\^`)
	dataQuote = regexp.MustCompile(`(?s)(userdata): 'b.*`)
)

func unquote(message string) string {
	message = yamlQuote.ReplaceAllString(message, "$1")
	return dataQuote.ReplaceAllString(message, "$1: it begins neither with #cloud-config nor with #!")
}

// shellFault is how the shells of Debian begin a message about a script of the
// user-data: dash writes "script: 3: ...", bash "script: line 3: ...".
var shellFault = regexp.MustCompile(`/var/lib/cloud/instance/scripts/([\w.-]+): (?:line )?(\d+): `)

func place(output string) string {
	found := shellFault.FindAllStringSubmatch(output, -1)
	if len(found) == 0 {
		return ""
	}
	last := found[len(found)-1]
	return last[1] + " line " + last[2]
}

const (
	tailLines  = 15
	longestOne = 300 // bytes
)

// keygen is what cloud-init lets ssh-keygen say about each host key, a drawing
// included.
var keygen = regexp.MustCompile(`(?s)Generating public/private [^\n]*\n.*?\n\+----\[SHA256\]-----\+\n`)

func tail(output string) []string {
	output = keygen.ReplaceAllString(output, "")
	lines := strings.Split(strings.TrimRight(output, "\n"), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	kept := make([]string, 0, len(lines))
	for _, line := range lines {
		// What a progress bar wrote over is not part of the line.
		line = strings.TrimRight(line, "\r")
		line = line[strings.LastIndexByte(line, '\r')+1:]
		if line = strings.ToValidUTF8(line[:min(len(line), longestOne)], "?"); line != "" {
			kept = append(kept, line)
		}
	}
	return kept
}
