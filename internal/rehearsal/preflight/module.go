package preflight

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"
)

const (
	// maxFile bounds one file of a configuration, in bytes.
	maxFile = 4 << 20
	// maxDepth bounds how deeply modules call each other, and locals refer to each
	// other; maxModules how many calls are followed.
	maxDepth   = 10
	maxModules = 500
	// ownOverride ends the names of files that a rehearsal adds to its copy.
	ownOverride = "_rehearsal_override.tf"
)

var (
	rootSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "resource", LabelNames: []string{"type", "name"}},
		{Type: "module", LabelNames: []string{"name"}},
		{Type: "variable", LabelNames: []string{"name"}},
		{Type: "locals"},
	}}
	repeatSchema = []hcl.AttributeSchema{{Name: "count"}, {Name: "for_each"}}
)

// A module is a folder of configuration, as one module call sees it.
type module struct {
	dir     string // absolute, or as the folder was given
	address string // "module.web.", or empty for the root
	scope   scope
	depth   int

	folder
}

// A folder is what is in the files of a module.
type folder struct {
	blocks  hcl.Blocks
	sources map[string][]byte // by file
}

// readModule parses the files of a folder.
func readModule(dir string) (blocks hcl.Blocks, sources map[string][]byte, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	parser, sources := hclparse.NewParser(), map[string][]byte{}
	for _, entry := range entries {
		name := entry.Name()
		isJSON := strings.HasSuffix(name, ".tf.json")
		isHidden := strings.HasPrefix(name, ".") // which Terraform does not read
		if entry.IsDir() || isHidden || !isJSON && !strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ownOverride) {
			continue
		}
		name = filepath.Join(dir, name)
		if !readable(name) {
			continue // Terraform will say what is wrong with it
		}
		text, err := os.ReadFile(name) //nolint:gosec // below the folder that the user named
		if err != nil {
			return nil, nil, err
		}
		parse := parser.ParseHCL
		if isJSON {
			parse = parser.ParseJSON
		}
		file, _ := parse(text, name) // as far as it goes; Terraform reports mistakes
		if file == nil || file.Body == nil {
			continue
		}
		content, _, _ := file.Body.PartialContent(rootSchema)
		blocks, sources[name] = append(blocks, content.Blocks...), text
	}
	return blocks, sources, nil
}

// readable reports whether a file is one of at most maxFile bytes.
func readable(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular() && info.Size() <= maxFile
}

// of returns the blocks of a type.
func (m *module) of(kind string) hcl.Blocks {
	return slices.DeleteFunc(slices.Clone(m.blocks), func(b *hcl.Block) bool { return b.Type != kind })
}

// text returns the source of a range.
func (m *module) text(r hcl.Range) string {
	source := m.sources[r.Filename]
	if !r.CanSliceBytes(source) {
		return ""
	}
	return string(r.SliceBytes(source))
}

// installed returns the folders of the modules that "terraform init" has put
// below a configuration, by their key, such as "web.network".
func installed(root string) map[string]string {
	name := filepath.Join(root, ".terraform", "modules", "modules.json")
	if !readable(name) {
		return nil
	}
	text, err := os.ReadFile(name) //nolint:gosec // of Terraform
	if err != nil {
		return nil
	}
	var manifest struct {
		Modules []struct {
			Key string
			Dir string
		}
	}
	if json.Unmarshal(text, &manifest) != nil {
		return nil
	}
	dirs := map[string]string{}
	for _, m := range manifest.Modules {
		if filepath.IsLocal(m.Dir) {
			dirs[m.Key] = filepath.Join(root, m.Dir)
		}
	}
	return dirs
}

// walk visits a module and those that it calls.
func (s *reader) walk(m *module) error {
	read, ok := s.read[m.dir]
	if !ok {
		blocks, sources, err := readModule(m.dir)
		if err != nil {
			return err
		}
		read = folder{blocks, sources}
		s.read[m.dir] = read
	}
	m.folder = read
	m.scope.declare(m)
	for _, b := range m.of("resource") {
		s.resource(m, b)
	}
	for _, b := range m.of("module") {
		if err := s.call(m, b); err != nil {
			return err
		}
	}
	return nil
}

// call visits the module that a block calls, if it is on this host.
func (s *reader) call(m *module, b *hcl.Block) error {
	content, _, _ := b.Body.PartialContent(&hcl.BodySchema{Attributes: append([]hcl.AttributeSchema{{Name: "source"}}, repeatSchema...)})
	attributes, _ := b.Body.JustAttributes()
	made := m.scope.made(content.Attributes)
	if s.modules++; made == never || m.depth >= maxDepth || s.modules > maxModules {
		return nil
	}
	key := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(m.address, "module."), "."), ".module.", ".")
	key = strings.TrimPrefix(key+"."+b.Labels[0], ".")
	dir, ok := s.installed[key]
	if !ok {
		source := stringOf(content.Attributes["source"])
		if !strings.HasPrefix(source, "./") && !strings.HasPrefix(source, "../") {
			return nil // comes with "terraform init"
		}
		dir = filepath.Join(m.dir, filepath.FromSlash(source))
	}
	called := &module{dir: dir, address: m.address + "module." + b.Labels[0] + ".", depth: m.depth + 1}
	called.scope = m.scope.inside(attributes, content.Attributes)
	if err := s.walk(called); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("module %s: %w", b.Labels[0], err)
	}
	return nil
}

// stringOf returns what a literal says.
func stringOf(a *hcl.Attribute) string {
	if a == nil {
		return ""
	}
	v, diags := a.Expr.Value(nil)
	if diags.HasErrors() || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}
