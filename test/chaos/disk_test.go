package chaos_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// stateFiles are the files of an autoscaler.
var stateFiles = []string{"demand.json", "pause.json"}

// diskState says what is wrong with a disk.
type diskState int

const (
	diskGood diskState = iota
	diskFull           // nothing can be written; removing works
	diskGone           // nothing works at all
)

// A disk is the state directory of an autoscaler. Each run that follows a kill
// has a new one, on what the kill left of the old.
type disk struct {
	dir   string
	state diskState
	files map[string]file // as last seen
}

type file struct {
	inode   uint64
	content []byte
}

// A change of a file, and what else it held before.
type change struct {
	name          string
	before, after map[string][]byte
}

func newDisk(dir string, content map[string][]byte, state diskState) (*disk, error) {
	d := &disk{dir: dir, files: map[string]file{}}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	for name, data := range content {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return nil, err
		}
	}
	d.changes()
	return d, d.become(state)
}

// become breaks or repairs the disk, and keeps its content.
func (d *disk) become(state diskState) error {
	switch d.state {
	case diskGood:
	case diskFull:
		for _, name := range stateFiles {
			if err := os.RemoveAll(filepath.Join(d.dir, name+".tmp")); err != nil {
				return err
			}
		}
	case diskGone:
		if err := errors.Join(os.Remove(d.dir), os.Rename(d.dir+".away", d.dir)); err != nil {
			return err
		}
	}
	d.state = state
	switch state {
	case diskGood:
	case diskFull:
		for _, name := range stateFiles {
			// A folder in place of the temporary file.
			path := filepath.Join(d.dir, name+".tmp")
			if err := errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Join(path, "full"), 0o700)); err != nil {
				return err
			}
		}
	case diskGone:
		return errors.Join(os.Rename(d.dir, d.dir+".away"), os.WriteFile(d.dir, nil, 0o600))
	}
	return nil
}

// changes returns what has changed since the last call.
func (d *disk) changes() []change {
	if d.state == diskGone {
		return nil
	}
	var all []change
	for _, name := range stateFiles {
		var info syscall.Stat_t
		path := filepath.Join(d.dir, name)
		err := syscall.Lstat(path, &info)
		was, known := d.files[name]
		switch {
		case err != nil && !known, err == nil && known && was.inode == info.Ino:
			continue
		}
		c := change{name: name, before: d.content()}
		if data, err := os.ReadFile(path); errors.Is(err, fs.ErrNotExist) {
			delete(d.files, name)
		} else {
			d.files[name] = file{inode: info.Ino, content: data}
		}
		c.after = d.content()
		all = append(all, c)
	}
	return all
}

// content returns what the disk held at the last call of changes.
func (d *disk) content() map[string][]byte {
	all := make(map[string][]byte, len(d.files))
	for name, f := range d.files {
		all[name] = f.content
	}
	return all
}
