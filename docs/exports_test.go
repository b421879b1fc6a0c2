package docs_test

import (
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var (
	apiTypePattern   = regexp.MustCompile(`^type (\w+)`)
	apiNamePattern   = regexp.MustCompile(`^(?:func|var) (\w+)`)
	apiMethodPattern = regexp.MustCompile(`^type (\w+) method \(\S+\) (\w+)`)
	selectorPattern  = regexp.MustCompile(`(?:\b(\w+))?\.([A-Z]\w*)`)
)

// Methods that the standard library and other libraries call.
var calledByLibraries = []string{
	"Collect", "Describe", "Error", "Is", "RoundTrip", "ServeHTTP", "String", "UnmarshalJSON", "MarshalJSON", "Unwrap",
}

// TestExportedNamesAreUsed: each exported name of a library is used by another
// package or shown in an example; a type may also be part of the signature of
// one. Constants are left out, as most are values of an enumeration, and so are
// fields.
func TestExportedNamesAreUsed(t *testing.T) {
	t.Parallel()
	used := selectors(t)
	for folder := range packages(t) {
		if !isLibrary(folder) {
			continue
		}
		api := exported(t, filepath.Join(root, folder))
		isUsed := func(selector string) bool {
			return slices.ContainsFunc(used[selector], func(by string) bool { return by != folder })
		}
		pkg := path.Base(folder) + "."
		for line := range strings.Lines(api) {
			if method := apiMethodPattern.FindStringSubmatch(line); method != nil {
				inInterface := strings.Contains(api, " interface, "+method[2]+"(")
				assert.True(t, isUsed("."+method[2]) || inInterface || slices.Contains(calledByLibraries, method[2]),
					"%s%s.%s is used nowhere else: use it in an example, or do not export it", pkg, method[1], method[2])
			} else if name := apiNamePattern.FindStringSubmatch(line); name != nil {
				assert.True(t, isUsed(pkg+name[1]),
					"%s%s is used nowhere else: use it in an example, or do not export it", pkg, name[1])
			} else if name := apiTypePattern.FindStringSubmatch(line); name != nil {
				inSignature := regexp.MustCompile(`(?m)^.+[^\w.]`+name[1]+`\b`).FindAllString(api, -1)
				others := slices.ContainsFunc(inSignature, func(l string) bool { return !strings.HasPrefix(l, "type "+name[1]+" ") })
				assert.True(t, isUsed(pkg+name[1]) || others,
					"%s%s is used nowhere else: use it in an example, or do not export it", pkg, name[1])
			}
		}
	}
}

// selectors returns the folders in which names are selected, for names such as
// "discovery.New" and ".Run". Examples count as folders of their own.
func selectors(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, name := range repositoryFiles(t) {
		if path.Ext(name) != ".go" {
			continue
		}
		by := path.Dir(name)
		if strings.HasSuffix(name, "example_test.go") {
			by = name
		}
		add := func(selector string) {
			if users := found[selector]; len(users) == 0 || users[len(users)-1] != by {
				found[selector] = append(users, by)
			}
		}
		for _, match := range selectorPattern.FindAllStringSubmatch(string(read(t, filepath.Join(root, name))), -1) {
			add(match[1] + "." + match[2])
			add("." + match[2])
		}
	}
	return found
}
