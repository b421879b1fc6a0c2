package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// period is how often the kernel refills a group's CPU time.
const period = 100 * time.Millisecond

// removePause is the wait for processes that are about to be gone.
const removePause = 20 * time.Millisecond

// A Group is a set of processes.
type Group struct {
	unified bool
	dirs    []string
	parents []string          // of several groups; the last one takes them along
	paths   map[string]string // by controller, in version 1
}

// Joins lists the files through which a process joins the group by writing 0.
func (g *Group) Joins() []string {
	files := make([]string, 0, len(g.dirs))
	for _, dir := range g.dirs {
		files = append(files, filepath.Join(dir, "cgroup.procs"))
	}
	return files
}

// LimitCPU sets how many CPUs the group may use at most; fractions are usual.
func (g *Group) LimitCPU(cpus float64) error {
	quota := int64(cpus * float64(period.Microseconds()))
	if quota < 1000 { // the kernel's least
		return fmt.Errorf("limit of %g CPUs: want at least 0.01", cpus)
	}
	if g.unified {
		return write(filepath.Join(g.dirs[0], "cpu.max"), fmt.Sprintf("%d %d", quota, period.Microseconds()))
	}
	dir := g.paths["cpu"]
	return errors.Join(
		write(filepath.Join(dir, "cpu.cfs_period_us"), strconv.FormatInt(period.Microseconds(), 10)),
		write(filepath.Join(dir, "cpu.cfs_quota_us"), strconv.FormatInt(quota, 10)),
	)
}

// LimitMemory sets how many bytes the group may use at most, 1 MiB or more. On a
// host without the memory controller there is no limit.
func (g *Group) LimitMemory(bytes int64) error {
	if bytes < 1<<20 {
		return fmt.Errorf("limit of %d bytes of memory: want at least 1 MiB", bytes)
	}
	file := filepath.Join(g.paths["memory"], "memory.limit_in_bytes")
	if g.unified {
		file = filepath.Join(g.dirs[0], "memory.max")
	} else if g.paths["memory"] == "" {
		return nil
	}
	err := write(file, strconv.FormatInt(bytes, 10))
	if g.unified && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Usage is CPU time since the group was made.
type Usage struct {
	User, System time.Duration
}

// Total is all CPU time.
func (u Usage) Total() time.Duration { return u.User + u.System }

// Usage returns the CPU time of all processes that are or were in the group.
func (g *Group) Usage() (Usage, error) {
	if g.unified {
		text, err := os.ReadFile(filepath.Join(g.dirs[0], "cpu.stat"))
		if err != nil {
			return Usage{}, err
		}
		return parseStat(string(text))
	}
	user, err := number(filepath.Join(g.paths["cpuacct"], "cpuacct.usage_user"))
	if err != nil {
		return Usage{}, err
	}
	system, err := number(filepath.Join(g.paths["cpuacct"], "cpuacct.usage_sys"))
	return Usage{time.Duration(user), time.Duration(system)}, err
}

// parseStat reads a cpu.stat file, which counts in microseconds.
func parseStat(text string) (Usage, error) {
	var user, system int64
	if err := counters(text, map[string]*int64{"user_usec": &user, "system_usec": &system}); err != nil {
		return Usage{}, fmt.Errorf("cpu.stat: %w", err)
	}
	if max(user, system) > math.MaxInt64/int64(time.Microsecond) {
		return Usage{}, fmt.Errorf("cpu.stat: %d and %d µs are too much", user, system)
	}
	return Usage{time.Duration(user) * time.Microsecond, time.Duration(system) * time.Microsecond}, nil
}

func number(file string) (int64, error) {
	text, err := os.ReadFile(file) //nolint:gosec // G304: a file of the kernel
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

// Memory is what a group uses, in bytes.
type Memory struct {
	Programs int64
	Files    int64 // the cache of files, which gives way to programs
}

// Memory returns the memory of all processes in the group; nothing without the
// memory controller.
func (g *Group) Memory() (Memory, error) {
	dir, programs, files := g.paths["memory"], "total_rss", "total_cache"
	if g.unified {
		dir, programs, files = g.dirs[0], "anon", "file"
	}
	text, err := os.ReadFile(filepath.Join(dir, "memory.stat")) //nolint:gosec // G304: a file of the kernel
	if errors.Is(err, fs.ErrNotExist) {
		return Memory{}, nil
	}
	if err != nil {
		return Memory{}, err
	}
	var m Memory
	err = counters(string(text), map[string]*int64{programs: &m.Programs, files: &m.Files})
	if err != nil {
		return Memory{}, fmt.Errorf("memory.stat: %w", err)
	}
	return m, nil
}

// counters reads lines of a name and a number that is not negative. All of the
// wanted ones must be there.
func counters(text string, wanted map[string]*int64) error {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		to := wanted[name]
		if to == nil {
			continue
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			return fmt.Errorf("%s is %q", name, value)
		}
		*to = n
		delete(wanted, name)
	}
	for name := range wanted {
		return fmt.Errorf("%s is missing", name)
	}
	return nil
}

// Remove kills what runs in the group and removes it with all its subgroups. It
// tries until ctx ends, as processes take a moment to be gone.
func (g *Group) Remove(ctx context.Context) error {
	for {
		errs := make([]error, 0, len(g.dirs))
		for _, dir := range g.dirs {
			errs = append(errs, remove(dir))
		}
		err := errors.Join(errs...)
		if err == nil {
			for _, parent := range g.parents {
				_ = syscall.Rmdir(parent) // there may be other groups
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("remove control group: %w", err)
		case <-time.After(removePause):
		}
	}
}

func remove(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	kill(dir)
	// Not os.Remove: a control group's folder goes although files are in it.
	if err := syscall.Rmdir(dir); err != nil && !errors.Is(err, syscall.ENOENT) {
		return &os.PathError{Op: "rmdir", Path: dir, Err: err}
	}
	return nil
}

// kill ends the processes of one folder. Those of a container are gone by
// then; other programs may have moved theirs here.
func kill(dir string) {
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.procs")) //nolint:gosec // G304: a file of the kernel
	if err != nil {
		return
	}
	for word := range strings.FieldsSeq(string(text)) {
		if pid, err := strconv.Atoi(word); err == nil && pid > 1 {
			if process, err := os.FindProcess(pid); err == nil {
				_ = process.Kill() // gone already: just as well
			}
		}
	}
}
