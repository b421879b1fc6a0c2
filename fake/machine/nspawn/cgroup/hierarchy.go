package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Root is where Linux distributions mount control groups.
const Root = "/sys/fs/cgroup"

// A Hierarchy is the place of all groups of one name.
type Hierarchy struct {
	root, name string
	unified    bool
	// folders are the mounts in which every group has a folder: one in
	// version 2, one a controller in version 1.
	folders []string
}

// controllers are what is asked for, as far as it is there. Without the CPU
// controller there is no hierarchy.
func controllers() []string { return []string{"cpu", "memory", "pids"} }

// Open finds the version that the host has, and makes nothing yet.
func Open(root, name string) (*Hierarchy, error) {
	h := &Hierarchy{root: root, name: name}
	available, err := os.ReadFile(filepath.Join(root, "cgroup.controllers")) //nolint:gosec // G304: a file of the kernel
	switch {
	case err == nil:
		if !contains(string(available), "cpu") {
			return nil, fmt.Errorf("control groups in %s have no cpu controller", root)
		}
		h.unified, h.folders = true, []string{root}
		return h, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("control groups: %w", err)
	}
	for _, c := range []string{"cpu", "cpuacct"} {
		if !isDir(filepath.Join(root, c)) {
			return nil, fmt.Errorf("control groups: %s has neither version 2 nor the %s controller of version 1", root, c)
		}
	}
	// Without folders of their own in the last two, machines would share one.
	for _, c := range []string{"cpu", "cpuacct", "memory", "pids", "systemd", "unified"} {
		if dir := filepath.Join(root, c); isDir(dir) {
			h.folders = append(h.folders, dir)
		}
	}
	return h, nil
}

// Unified reports whether this is version 2.
func (h *Hierarchy) Unified() bool { return h.unified }

// Make returns a group that has no limits and no process.
func (h *Hierarchy) Make(name string) (*Group, error) {
	if h.unified {
		if err := h.enable(); err != nil {
			return nil, fmt.Errorf("control group %s: %w", name, err)
		}
	}
	g := &Group{unified: h.unified, paths: map[string]string{}}
	for _, folder := range h.folders {
		dir := filepath.Join(folder, h.name, name)
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // G301: as all control groups
			return nil, fmt.Errorf("control group %s: %w", name, err)
		}
		g.dirs = append(g.dirs, dir)
		g.parents = append(g.parents, filepath.Dir(dir))
		if !h.unified {
			g.paths[filepath.Base(folder)] = dir
		}
	}
	return g, nil
}

// enable hands the controllers down to the groups.
func (h *Hierarchy) enable() error {
	own := filepath.Join(h.root, h.name)
	if err := os.MkdirAll(own, 0o755); err != nil { //nolint:gosec // G301: as all control groups
		return err
	}
	available, err := os.ReadFile(filepath.Join(h.root, "cgroup.controllers"))
	if err != nil {
		return err
	}
	for _, dir := range []string{h.root, own} {
		for _, c := range controllers() {
			if !contains(string(available), c) {
				continue
			}
			if err := write(filepath.Join(dir, "cgroup.subtree_control"), "+"+c); err != nil {
				return fmt.Errorf("enable the %s controller: %w", c, err)
			}
		}
	}
	return nil
}

// Sweep removes all groups, and kills what still runs in them.
func (h *Hierarchy) Sweep(ctx context.Context) error {
	g := &Group{unified: h.unified}
	for _, folder := range h.folders {
		g.dirs = append(g.dirs, filepath.Join(folder, h.name))
	}
	return g.Remove(ctx)
}

func contains(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// write sets a value. The files exist; none is to be made.
func write(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0) //nolint:gosec // G304: a file of the kernel
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}
