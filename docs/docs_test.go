// Package docs_test compares the documentation with the code.
package docs_test

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root is the root folder of the repository.
const root = ".."

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	return content
}

// pages returns the Markdown files of the repository.
func pages(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, name := range repositoryFiles(t) {
		if strings.HasSuffix(name, ".md") {
			found = append(found, name)
		}
	}
	require.Contains(t, found, "README.md")
	return found
}

// repositoryFiles returns the names of all files and folders, without those
// that tools make.
func repositoryFiles(t *testing.T) []string {
	t.Helper()
	var names []string
	require.NoError(t, fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // a tool was quicker
			return nil
		case err != nil:
			return err
		case entry.IsDir() && (slices.Contains([]string{"handin", "dashboards"}, name) || slices.Contains([]string{".git", ".terraform", ".build", "node_modules"}, entry.Name())):
			return fs.SkipDir
		}
		names = append(names, name)
		return nil
	}))
	return names
}

var (
	linkPattern    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headingPattern = regexp.MustCompile(`(?m)^#+ (.+)$`)
	spanPattern    = regexp.MustCompile("`([^`\n]+)`")
	notInAnchor    = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

func TestLinksAreNotDead(t *testing.T) {
	t.Parallel()
	for _, page := range pages(t) {
		for _, link := range linkPattern.FindAllStringSubmatch(string(read(t, filepath.Join(root, page))), -1) {
			target, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, ":") { // another site
				continue
			}
			file := page
			if target != "" {
				file = path.Join(path.Dir(page), target)
			}
			_, err := os.Stat(filepath.Join(root, file))
			if assert.NoError(t, err, "%s links to %s", page, link[1]) && anchor != "" {
				assert.Contains(t, anchors(string(read(t, filepath.Join(root, file)))), anchor, "%s links to %s", page, link[1])
			}
		}
	}
}

// TestIndexOfTheDocsIsComplete: docs/README.md links to every page.
func TestIndexOfTheDocsIsComplete(t *testing.T) {
	t.Parallel()
	linked := map[string]bool{}
	for _, index := range []string{"docs/README.md", "docs/decisions/README.md"} {
		linked[index] = true
		for _, link := range linkPattern.FindAllStringSubmatch(string(read(t, filepath.Join(root, index))), -1) {
			linked[path.Join(path.Dir(index), link[1])] = true
		}
	}
	for _, page := range pages(t) {
		if strings.HasPrefix(page, "docs/") {
			assert.True(t, linked[page], "docs/README.md does not link to %s", page)
		}
	}
}

// anchors returns the names of the headings of a page in links.
func anchors(page string) []string {
	var found []string
	for _, heading := range headingPattern.FindAllStringSubmatch(page, -1) {
		name := notInAnchor.ReplaceAllString(strings.ToLower(heading[1]), "")
		found = append(found, strings.ReplaceAll(name, " ", "-"))
	}
	return found
}

// Forms of names in code spans.
var (
	metricForm   = regexp.MustCompile(`^exopool[_:][a-z0-9_:]+$`)
	flagForm     = regexp.MustCompile(`^-[a-z][a-z-]+$`)
	fileForm     = regexp.MustCompile(`^[\w./-]+\.(go|tf|tftpl|hcl|ya?ml|json|env|service|sh|conf|md)$`)
	wordForm     = regexp.MustCompile(`^([a-z]+(_[a-z0-9]+)+|[A-Z]+(_[A-Z0-9]+)+)$`)
	variableForm = regexp.MustCompile(`-var[ =]([a-z_]+)=`)
)

// sources returns the text of all files but the documentation, and the flags
// that they declare.
func sources(t *testing.T) (text string, flags map[string]bool) {
	t.Helper()
	declared := regexp.MustCompile(`(?:fs|flags|flag|Flags\(\))\.\w+\((?:&[\w.]+, )?"([a-z][a-z-]*)"` + // packages flag and pflag
		`|Flag: +"([a-z, -]+)"`) // package settings
	flags = map[string]bool{"-h": true, "-var": true, "-raw": true, "-run": true} // the last three are of Terraform and go test
	var all strings.Builder
	for _, name := range repositoryFiles(t) {
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil || !info.Mode().IsRegular() || info.Size() > 1<<20 || path.Ext(name) == ".md" || name == "docs/docs_test.go" {
			continue
		}
		content := string(read(t, filepath.Join(root, name)))
		all.WriteString(content)
		if path.Ext(name) != ".go" {
			continue
		}
		for _, found := range declared.FindAllStringSubmatch(content, -1) {
			for _, group := range found[1:] {
				for flag := range strings.SplitSeq(strings.ReplaceAll(group, `"`, ""), ", ") {
					flags["-"+flag] = true
				}
			}
		}
	}
	return all.String(), flags
}

func TestDocsNameOnlyWhatExists(t *testing.T) {
	t.Parallel()
	metrics := metricNames(t)
	text, flags := sources(t)
	files := repositoryFiles(t)
	exists := func(name string) bool {
		name = strings.TrimPrefix(path.Clean(name), "/")
		return strings.Contains(text, name) || slices.ContainsFunc(files, func(file string) bool {
			return strings.HasSuffix("/"+file, "/"+name) || strings.HasSuffix("/"+file, "/"+name+".tftpl")
		})
	}
	for _, page := range pages(t) {
		if page == "CHANGELOG.md" { // tells of what was, too
			continue
		}
		content := string(read(t, filepath.Join(root, page)))
		for _, variable := range variableForm.FindAllStringSubmatch(content, -1) {
			assert.Contains(t, text, `variable "`+variable[1]+`"`, "%s sets a variable of Terraform", page)
		}
		for _, span := range spanPattern.FindAllStringSubmatch(content, -1) {
			for name := range strings.FieldsSeq(span[1]) {
				switch {
				case metricForm.MatchString(name):
					assert.True(t, metrics[name], "%s names the metric %s", page, name)
				case flagForm.MatchString(name):
					assert.True(t, flags[name], "%s names the flag %s", page, name)
				case fileForm.MatchString(name):
					assert.True(t, exists(name), "%s names the file %s", page, name)
				case wordForm.MatchString(name):
					assert.Contains(t, text, name, "%s", page)
				}
			}
		}
	}
}
