package template

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/exopool/exopool/internal/filelock"
)

// keepUnused is how long a template stays that nobody uses: long enough for two
// branches of this repository to take turns.
const keepUnused = 14 * 24 * time.Hour

// What is beside a template, by its directory.
func lockOf(dir string) string    { return dir + ".lock" }    // locked by who builds or removes it
func usedOf(dir string) string    { return dir + ".used" }    // locked by all who use it, and when they last did
func partialOf(dir string) string { return dir + ".partial" } // what is not complete, or no more

// use keeps a template from being removed until release is called.
func use(ctx context.Context, dir string) (release func(), err error) {
	file := usedOf(dir)
	unlock, err := filelock.Share(ctx, file)
	if err != nil {
		return nil, err
	}
	touch := func() error {
		now := time.Now()
		return os.Chtimes(file, now, now)
	}
	if err := touch(); err != nil {
		unlock()
		return nil, err
	}
	return func() {
		_ = touch() // It was touched before; that only is longer ago.
		unlock()
	}, nil
}

// prune removes templates of a release but for one: those of earlier versions of
// this package and of other mirrors that nobody has used for long. They would pile
// up, half a gigabyte each. That it fails is no reason not to use the new one.
func prune(cfg Config, r release, keep string, now time.Time) {
	others, err := cfg.others(r, keep)
	if err != nil {
		cfg.Logger.Warn("old templates not removed", "err", err)
		return
	}
	for _, dir := range others {
		size, lastUsed, err := remove(dir, now)
		switch {
		case err != nil:
			cfg.Logger.Warn("old template not removed", "dir", dir, "err", err)
		case size > 0:
			cfg.Logger.Info("old template removed", "dir", dir,
				"size", fmt.Sprintf("%d MB", size/1_000_000), "last_used", lastUsed.Format(time.DateOnly))
		}
	}
}

// others returns the directories of all templates of a release but for one, in
// order, whether they are complete or not. Whatever else is in the cache is not ours.
func (c *Config) others(r release, keep string) ([]string, error) {
	entries, err := os.ReadDir(c.Cache)
	if err != nil {
		return nil, err
	}
	ours := regexp.MustCompile("^" + regexp.QuoteMeta(r.suite) + `-[0-9a-f]{12}$`)
	var dirs []string
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), partialOf(""))
		dir := filepath.Join(c.Cache, name)
		if entry.IsDir() && ours.MatchString(name) && dir != keep && isFile(lockOf(dir)) {
			dirs = append(dirs, dir)
		}
	}
	return slices.Compact(dirs), nil // sorted, as entries are
}

// remove removes a template unless it is being built, in use, or was used of late.
// It returns how many bytes that has freed.
func remove(dir string, now time.Time) (size int64, lastUsed time.Time, err error) {
	unlock, ok, err := filelock.Try(lockOf(dir))
	if err != nil || !ok {
		return 0, time.Time{}, err
	}
	defer unlock()
	// Makes the file of a template that is from before there were such files: its
	// days begin now.
	unused, ok, err := filelock.Try(usedOf(dir))
	if err != nil || !ok {
		return 0, time.Time{}, err
	}
	defer unused()
	info, err := os.Stat(usedOf(dir))
	if err != nil {
		return 0, time.Time{}, err
	}
	lastUsed = info.ModTime()
	if now.Sub(lastUsed) < keepUnused {
		return 0, lastUsed, nil
	}
	partial := partialOf(dir)
	left, err := diskUse(partial) // of a build or a removal that was interrupted
	if err == nil {
		err = os.RemoveAll(partial)
	}
	if err != nil {
		return 0, lastUsed, err
	}
	// What is there is complete: so it goes by its name first.
	if err := os.Rename(dir, partial); errors.Is(err, fs.ErrNotExist) {
		return left, lastUsed, nil
	} else if err != nil {
		return 0, lastUsed, err
	}
	size, err = diskUse(partial)
	if err == nil {
		err = os.RemoveAll(partial)
	}
	return left + size, lastUsed, err
}

// diskUse is the size of all files in a directory; 0 if there is none.
func diskUse(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}

func isFile(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && info.Mode().IsRegular()
}
