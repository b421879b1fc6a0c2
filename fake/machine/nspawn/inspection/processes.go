package inspection

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/exopool/exopool/fake/machine/nspawn/cloudinitstatus"
)

// maxProcesses bounds how many are looked at.
const maxProcesses = 2000

// Working returns the command lines of what cloud-init is doing, outermost first:
// from the script or program that it has started down to the youngest descendant.
// The machine's first process has the given id in a mount of /proc.
func Working(proc fs.FS, leader int) []string {
	t := tree{proc, maxProcesses}
	pid := t.find(leader, func(line string) bool { return strings.Contains(line, "/bin/cloud-init") })
	var chain []string
	for pid != 0 {
		child := 0
		for _, c := range t.children(pid) {
			// The shell that copies the output is always there.
			if line := t.commandLine(c); line != "" && !strings.Contains(line, "/var/log/cloud-init-output.log") {
				child = c
			}
		}
		if pid = child; pid != 0 {
			chain = append(chain, t.commandLine(pid))
		}
	}
	return chain
}

// A tree is that of processes.
type tree struct {
	proc fs.FS
	left int // how many more may be looked at
}

// find returns the first descendant of a process whose command line is wanted, or 0.
func (t *tree) find(pid int, wanted func(string) bool) int {
	for _, child := range t.children(pid) {
		if wanted(t.commandLine(child)) {
			return child
		}
		if found := t.find(child, wanted); found != 0 {
			return found
		}
	}
	return 0
}

func (t *tree) commandLine(pid int) string {
	raw, err := fs.ReadFile(t.proc, strconv.Itoa(pid)+"/cmdline")
	if err != nil {
		return "" // it has ended
	}
	return cloudinitstatus.Clean(strings.ReplaceAll(strings.TrimRight(string(raw), "\x00"), "\x00", " "))
}

// children returns the ids of a process' children, oldest first.
func (t *tree) children(pid int) (ids []int) {
	if t.left <= 0 {
		return nil
	}
	files, err := fs.Glob(t.proc, fmt.Sprintf("%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	for _, file := range files {
		text, err := fs.ReadFile(t.proc, file)
		if err != nil {
			continue // a thread that has ended
		}
		for field := range strings.FieldsSeq(string(text)) {
			if id, err := strconv.Atoi(field); err == nil && t.left > 0 {
				ids = append(ids, id)
				t.left--
			}
		}
	}
	return ids
}
