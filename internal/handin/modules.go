package handin

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// goMod returns the go.mod of root without what is not selected. All versions
// stay: they are those that the whole module is built with.
func (s *selection) goMod(root string) ([]byte, error) {
	name := filepath.Join(root, "go.mod")
	content, err := os.ReadFile(name) //nolint:gosec // G304: of the repository
	if err != nil {
		return nil, err
	}
	old, err := modfile.Parse(name, content, nil)
	if err != nil {
		return nil, err
	}
	reduced := &modfile.File{}
	if err := reduced.AddModuleStmt(old.Module.Mod.Path); err != nil {
		return nil, err
	}
	if err := reduced.AddGoStmt(old.Go.Version); err != nil {
		return nil, err
	}
	var requires []*modfile.Require
	for _, path := range slices.Sorted(maps.Keys(s.modules)) {
		requires = append(requires, &modfile.Require{Mod: module.Version{Path: path, Version: s.modules[path]}, Indirect: !s.direct[path]})
	}
	reduced.SetRequireSeparateIndirect(requires)
	reduced.Cleanup()
	return reduced.Format()
}

// goSum returns the lines of the go.sum of root that are about selected modules.
func (s *selection) goSum(root string) ([]byte, error) {
	content, err := os.ReadFile(filepath.Join(root, "go.sum")) //nolint:gosec // G304: of the repository
	if err != nil {
		return nil, err
	}
	var reduced bytes.Buffer
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			return nil, fmt.Errorf("read go.sum: %q is not a module, a version and a hash", strings.TrimSpace(line))
		}
		if version, ok := s.modules[fields[0]]; ok && version == strings.TrimSuffix(fields[1], "/go.mod") {
			reduced.WriteString(line)
		}
	}
	return reduced.Bytes(), nil
}
