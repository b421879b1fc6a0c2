package docs_test

import (
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/exopool/exopool/"

// packages returns the packages of the module, by folder, with what of the
// module they import outside of tests.
func packages(t *testing.T) map[string]map[string]bool {
	t.Helper()
	found := map[string]map[string]bool{}
	for _, name := range repositoryFiles(t) {
		folder := path.Dir(name)
		if path.Ext(name) != ".go" || strings.Contains(name, "testdata/") || ofAnotherModule(folder) {
			continue
		}
		imports := found[folder]
		if imports == nil {
			imports = map[string]bool{}
			found[folder] = imports
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if inside, ok := strings.CutPrefix(imported, module); ok {
				imports[inside] = true
			}
		}
	}
	require.Greater(t, len(found), 40)
	return found
}

// ofAnotherModule reports whether a folder belongs to a module of its own within
// the repository.
func ofAnotherModule(folder string) bool {
	for ; folder != "."; folder = path.Dir(folder) {
		if _, err := os.Stat(filepath.Join(root, folder, "go.mod")); err == nil {
			return true
		}
	}
	return false
}

var (
	entryPattern = regexp.MustCompile(`(?m)^    ([a-z0-9/-]+)/ +(\S.*)$`)
	arrowPattern = regexp.MustCompile(`(?m)^    (.+) ──▶ (.+)$`)
)

// TestMapListsEveryPackage: the map in CONTRIBUTING.md has one line for each
// package, and none for a folder that does not exist.
func TestMapListsEveryPackage(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	var order []string
	for _, entry := range entryPattern.FindAllStringSubmatch(string(read(t, "../CONTRIBUTING.md")), -1) {
		assert.DirExists(t, filepath.Join(root, entry[1]), "CONTRIBUTING.md lists it")
		assert.False(t, listed[entry[1]], "CONTRIBUTING.md lists %s twice", entry[1])
		listed[entry[1]] = true
		order = append(order, entry[1])
	}
	assert.IsIncreasing(t, order)
	for folder := range packages(t) {
		assert.True(t, listed[folder], "CONTRIBUTING.md has no line for the package %s", folder)
	}
}

// TestImportsFollowTheArrows: each import within the module is one that an arrow
// in CONTRIBUTING.md allows, each arrow stands for an import, and no way along
// them leads back.
func TestImportsFollowTheArrows(t *testing.T) {
	t.Parallel()
	allowed := map[string]map[string]bool{}
	unused := map[string]bool{}
	for _, arrow := range arrowPattern.FindAllStringSubmatch(string(read(t, "../CONTRIBUTING.md")), -1) {
		for from := range strings.SplitSeq(strings.TrimSpace(arrow[1]), ", ") {
			require.NotContains(t, allowed, from, "one line of arrows for each name")
			allowed[from] = map[string]bool{}
			for to := range strings.SplitSeq(arrow[2], ", ") {
				if to != "nothing" {
					allowed[from][to] = true
					unused[from+" ──▶ "+to] = true
				}
			}
		}
	}
	for folder, imports := range packages(t) {
		from := within(folder, maps.Keys(allowed))
		if from == "" {
			assert.Empty(t, imports, "no arrow of CONTRIBUTING.md begins at %s", folder)
			continue
		}
		for imported := range imports {
			if within(imported, maps.Keys(allowed)) == from {
				continue
			}
			to := within(imported, maps.Keys(allowed[from]))
			assert.NotEmpty(t, to, "%s imports %s: no arrow of CONTRIBUTING.md allows that", folder, imported)
			delete(unused, from+" ──▶ "+to)
		}
	}
	assert.Empty(t, slices.Sorted(maps.Keys(unused)), "arrows of CONTRIBUTING.md that stand for no import")

	// What an arrow leads to by its most exact name.
	next := func(from string) (names []string) {
		for to := range allowed[from] {
			names = append(names, within(to, maps.Keys(allowed)))
		}
		return names
	}
	var walk func(name string, way []string)
	walk = func(name string, way []string) {
		if slices.Contains(way, name) {
			t.Fatalf("the arrows of CONTRIBUTING.md lead back: %v", append(way, name))
		}
		for _, to := range next(name) {
			if to != "" {
				walk(to, append(slices.Clone(way), name))
			}
		}
	}
	for name := range allowed {
		walk(name, nil)
	}
}

// within returns the longest of the names that is the folder or above it.
func within(folder string, names func(func(string) bool)) string {
	var longest string
	for name := range names {
		if len(name) > len(longest) && strings.HasPrefix(folder+"/", name+"/") {
			longest = name
		}
	}
	return longest
}
