package terraform

import (
	"fmt"
	"os"
	"path/filepath"
)

// prepare writes the overrides that are asked for, once. Modules have to be there.
func (f *Folder) prepare() error {
	if f.cfg.Overrides == nil || f.prepared {
		return nil
	}
	texts, err := f.cfg.Overrides(f.dir)
	if err != nil {
		return err
	}
	inside, err := filepath.EvalSymlinks(f.temporary)
	if err != nil {
		return err
	}
	for dir, text := range texts {
		dir, err := realPath(dir)
		if err != nil {
			return err
		}
		if within, err := filepath.Rel(inside, dir); err != nil || !filepath.IsLocal(within) {
			return fmt.Errorf("the module in %s is not in the copy", dir)
		}
		name, err := overrideName(dir)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	f.prepared = true
	return nil
}
