package handin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A tree holds the contents of files by their slash-separated names.
type tree map[string][]byte

// names returns the names of the files in order.
func (t tree) names() []string { return slices.Sorted(maps.Keys(t)) }

// platforms are those that programs are built for without this repository: the
// machines of the cloud, and containers on a Mac.
var platforms = [...]string{"linux/amd64", "linux/arm64"}

// source returns what these programs of the module at root are built from: the
// files of the packages that they need, without tests, and a go.mod and go.sum
// that name no module beyond theirs, so that nothing else is downloaded.
func source(ctx context.Context, root string, programs ...string) (tree, error) {
	needed := newSelection()
	for _, platform := range platforms {
		packages, err := list(ctx, root, platform, programs)
		if err != nil {
			return nil, err
		}
		if err := needed.add(packages); err != nil {
			return nil, err
		}
	}
	files := tree{}
	for _, name := range append(slices.Sorted(maps.Keys(needed.files)), "LICENSE") {
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name))) //nolint:gosec // G304: of the repository
		if err != nil {
			return nil, fmt.Errorf("read the source of %s: %w", strings.Join(programs, " and "), err)
		}
		files[name] = content
	}
	var err, errSum error
	files["go.mod"], err = needed.goMod(root)
	files["go.sum"], errSum = needed.goSum(root)
	return files, errors.Join(err, errSum)
}

// A selection is what programs need of a module and of others.
type selection struct {
	files   map[string]bool   // of this module
	modules map[string]string // versions by path
	direct  map[string]bool   // modules that this one imports itself
}

func newSelection() *selection {
	return &selection{files: map[string]bool{}, modules: map[string]string{}, direct: map[string]bool{}}
}

func (s *selection) add(packages []listed) error {
	providers := map[string]string{}
	for _, p := range packages {
		if p.Module == nil { // of the standard library
			continue
		}
		if p.Module.Replace != nil {
			return fmt.Errorf("the module %s is replaced in go.mod: other hosts cannot fetch it", p.Module.Path)
		}
		if !p.Module.Main {
			s.modules[p.Module.Path] = p.Module.Version
			providers[p.ImportPath] = p.Module.Path
		}
	}
	for _, p := range packages {
		if p.Module == nil || !p.Module.Main {
			continue
		}
		folder, err := filepath.Rel(p.Module.Dir, p.Dir)
		if err != nil {
			return err
		}
		for _, name := range p.sources() {
			s.files[path.Join(filepath.ToSlash(folder), name)] = true
		}
		for _, imported := range p.Imports {
			if module, ok := providers[imported]; ok {
				s.direct[module] = true
			}
		}
	}
	return nil
}
