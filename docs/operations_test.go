package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// programs are the folders with the code of the two programs that may log.
var programs = []string{
	"annotate", "autoscale", "budget", "discovery", "drain", "exoscale", "policy", "promquery",
	"cmd/autoscaler", "cmd/discovery", "cmd/internal/command", "cmd/internal/serve", "cmd/internal/settings",
}

// programFiles parses the code of the two programs, without tests.
func programFiles(t *testing.T) []*ast.File {
	t.Helper()
	var files []*ast.File
	for _, folder := range programs {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, folder), func(name string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			files = append(files, file)
			return err
		}))
	}
	require.Greater(t, len(files), 30)
	return files
}

// logCalls is the position of the message among the arguments of a call.
var logCalls = map[string]int{"Debug": 0, "Info": 0, "Warn": 0, "Error": 0, "LogAttrs": 2}

// logged returns the messages that the programs log, and the keys of their
// attributes.
func logged(t *testing.T) (messages, keys []string) {
	t.Helper()
	found, named := map[string]bool{}, map[string]bool{}
	for _, file := range programFiles(t) {
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			function, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			of, _ := function.X.(*ast.Ident)
			if at, ok := logCalls[function.Sel.Name]; ok && (of == nil || of.Name != "http") && len(call.Args) > at {
				if text, ok := literal(call.Args[at]); ok {
					found[text] = true
				}
			}
			if of != nil && of.Name == "slog" && len(call.Args) == 2 {
				if text, ok := literal(call.Args[0]); ok {
					named[text] = true
				}
			}
			return true
		})
	}
	return slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Keys(named))
}

func literal(e ast.Expr) (string, bool) {
	basic, ok := e.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(basic.Value)
	return text, err == nil
}

// alertTitles returns the names of all alerts that the installation brings.
func alertTitles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "terraform/files/monitoring/etc/grafana/provisioning/alerting/*.yaml"))
	require.NoError(t, err)
	var titles []string
	for _, name := range files {
		var file struct {
			Groups []struct{ Rules []struct{ Title string } }
		}
		require.NoError(t, yaml.Unmarshal(read(t, name), &file))
		for _, group := range file.Groups {
			for _, rule := range group.Rules {
				titles = append(titles, rule.Title)
			}
		}
	}
	require.Greater(t, len(titles), 8)
	return titles
}

// reasons returns the values of the constants of type Reason.
func reasons(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(root, "autoscale/reason.go"))
	require.NoError(t, err)
	var values []string
	for _, match := range regexp.MustCompile(`Reason = "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1) {
		values = append(values, match[1])
	}
	require.Greater(t, len(values), 15)
	return values
}

// TestOperationsPageIsComplete: the page for operators has each metric, log
// message, log key, alert and reason.
func TestOperationsPageIsComplete(t *testing.T) {
	t.Parallel()
	page := string(read(t, "operations.md"))
	has := func(kind, name, form string) {
		t.Helper()
		assert.True(t, strings.Contains(page, strings.ReplaceAll(form, "%", name)), "docs/operations.md lacks the %s %s", kind, name)
	}
	for name := range metricNames(t) {
		if strings.HasPrefix(name, "exopool_") {
			has("metric", name, "`%`")
		}
	}
	messages, keys := logged(t)
	for _, message := range messages {
		has("log message", message, "`%`")
	}
	for _, key := range keys {
		has("log key", key, "`%`")
	}
	for _, title := range alertTitles(t) {
		has("alert", title, "| % |")
	}
	for _, reason := range reasons(t) {
		has("reason", reason, "`%`")
	}
}
