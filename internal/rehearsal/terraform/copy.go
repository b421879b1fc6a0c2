package terraform

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxCopy limits what is copied, in bytes: a configuration is small, but a home
// directory, given by mistake, is not.
const maxCopy = 512 << 20

// rootOf returns the folder to copy, so that references to files beside the
// configuration hold: that of the Git repository around dir, or dir itself.
func rootOf(dir string) string {
	for root := dir; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, ".git")); err == nil {
			return root
		}
		if root == filepath.Dir(root) {
			return dir
		}
	}
}

// copyTree copies a folder without what belongs to the user's own runs.
func copyTree(to, from string, skip func(name string) bool) error {
	target, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer target.Close()
	room := int64(maxCopy)
	return filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		relative, cut := filepath.Rel(from, name)
		switch {
		case err != nil || cut != nil:
			return errors.Join(err, cut)
		case relative == ".":
			return nil
		case skip(relative):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return target.Mkdir(relative, 0o700)
		}
		info, err := os.Stat(name) // of what a link leads to
		switch {
		case errors.Is(err, fs.ErrNotExist): // a link to nowhere
			return nil
		case err != nil:
			return err
		case info.IsDir():
			return copyLink(target, relative, name)
		case !info.Mode().IsRegular(): // a socket, say
			return nil
		}
		if room -= info.Size(); room < 0 {
			return fmt.Errorf("%s has more than %d MiB: name a smaller folder to copy", from, maxCopy>>20)
		}
		return copyFile(target, relative, name, info.Mode().Perm())
	})
}

// copyLink copies a link to a folder, such as a module, unless it leads out of
// what is copied.
func copyLink(target *os.Root, name, from string) error {
	to, err := os.Readlink(from)
	if err != nil {
		return err
	}
	if filepath.IsAbs(to) || !filepath.IsLocal(filepath.Join(filepath.Dir(name), to)) {
		return nil
	}
	return target.Symlink(to, name)
}

func copyFile(target *os.Root, name, from string, mode fs.FileMode) error {
	source, err := os.Open(from) //nolint:gosec // below the folder that the user named
	if err != nil {
		return err
	}
	defer source.Close()
	file, err := target.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, source)
	return errors.Join(err, file.Close())
}

// leftOut reports whether a file is not copied since it belongs to earlier runs:
// working folders, states, plans, and what Git keeps. So does the lock file
// unless keepLock: it has the checksums of the registry's providers.
func leftOut(keepLock bool) func(name string) bool {
	return func(name string) bool {
		base := path.Base(filepath.ToSlash(name))
		if base == ".terraform.lock.hcl" {
			return !keepLock
		}
		if slices.Contains([]string{".git", ".terraform", ".terragrunt-cache", ".build", "node_modules", "crash.log", "terraform.tfstate.d"}, base) {
			return true
		}
		for _, pattern := range []string{"*.tfstate", "*.tfstate.*", "*.tfplan", ".terraform.tfstate.lock.info"} {
			if ok, _ := path.Match(pattern, base); ok { // only a bad pattern is an error
				return true
			}
		}
		return strings.HasSuffix(base, ".swp")
	}
}
