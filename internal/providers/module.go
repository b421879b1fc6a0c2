package providers

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// CopyModule copies the Terraform module in folder from into the folder to,
// which may exist. Terraform writes state, provider links and a lock file
// beside the configuration: in a copy, none of it gets into the repository.
//
// Files of a developer's own runs are not copied: hidden files such as the lock
// file, state, plans, variable files and overrides.
func CopyModule(to, from string) error {
	source, err := os.OpenRoot(from)
	if err != nil {
		return fmt.Errorf("copy module: %w", err)
	}
	defer source.Close()
	if err := os.MkdirAll(to, 0o750); err != nil {
		return fmt.Errorf("copy module %s: %w", from, err)
	}
	target, err := os.OpenRoot(to)
	if err != nil {
		return fmt.Errorf("copy module %s: %w", from, err)
	}
	defer target.Close()
	err = fs.WalkDir(source.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && ofOwnRuns(path.Base(name)):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return target.MkdirAll(name, 0o750)
		default:
			return copyFile(target, source, name)
		}
	})
	if err != nil {
		return fmt.Errorf("copy module %s to %s: %w", from, to, err)
	}
	return nil
}

// ofOwnRuns reports whether a file belongs to a developer's own runs. It may have
// secrets in it, and Terraform would load some of them by itself.
func ofOwnRuns(name string) bool {
	if strings.HasPrefix(name, ".") || name == "override.tf" || name == "override.tf.json" {
		return true
	}
	for _, pattern := range []string{
		"*.tfstate", "*.tfstate.*", "*.tfplan", "*.tfvars", "*.tfvars.json", "*_override.tf", "*_override.tf.json",
	} {
		if ok, _ := path.Match(pattern, name); ok { // only a bad pattern is an error
			return true
		}
	}
	return false
}

// copyFile copies one file with its permissions. A link is followed as long as
// it stays inside the module.
func copyFile(target, source *os.Root, name string) error {
	info, err := source.Stat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", name)
	}
	content, err := source.ReadFile(name)
	if err != nil {
		return err
	}
	return target.WriteFile(name, content, info.Mode().Perm())
}
