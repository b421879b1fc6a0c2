package cgroup

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Tasks are the threads in a group.
type Tasks struct {
	// Active ones run, wait for a CPU, or wait for a disk: what counts for the
	// load average.
	Active int
	All    int
}

// Tasks counts the threads of all processes in the group.
func (g *Group) Tasks() (Tasks, error) {
	dir, list := g.paths["cpu"], "tasks"
	if g.unified {
		dir, list = g.dirs[0], "cgroup.threads"
	}
	var tasks Tasks
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name != dir {
			return nil // a group of the machine's that is gone
		}
		if err != nil || !entry.IsDir() {
			return err
		}
		return tasks.add(filepath.Join(name, list))
	})
	return tasks, err
}

// add counts the threads that a file lists. Groups and threads come and go
// meanwhile.
func (t *Tasks) add(file string) error {
	text, err := os.ReadFile(file) //nolint:gosec // G304: a file of the kernel
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.EOPNOTSUPP) {
		return nil
	}
	if err != nil {
		return err
	}
	for id := range strings.FieldsSeq(string(text)) {
		stat, err := os.ReadFile(filepath.Join("/proc", id, "stat")) //nolint:gosec // G304: a number from the kernel
		if err != nil {
			continue
		}
		t.All++
		if s := state(stat); s == 'R' || s == 'D' {
			t.Active++
		}
	}
	return nil
}

// state is the third field of a proc_pid_stat(5). The one before it may hold
// anything.
func state(stat []byte) byte {
	after := stat[bytes.LastIndexByte(stat, ')')+1:]
	if len(after) < 2 {
		return 0
	}
	return after[1]
}
