package docs_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/api anew")

// isLibrary reports whether other modules can be expected to import a package.
// Below fake/machine only driverapi is for others, the rest are parts of drivers.
func isLibrary(folder string) bool {
	top, rest, _ := strings.Cut(folder, "/")
	if strings.Contains("/"+folder+"/", "/internal/") || strings.HasPrefix(rest, "machine/") && rest != "machine/driverapi" {
		return false
	}
	return slices.Contains([]string{"annotate", "autoscale", "budget", "discovery", "drain", "exoscale", "fake", "policy", "promquery", "replay", "schedule", "sweep"}, top)
}

// TestAPI compares what the libraries export with docs/api, so that a change of
// it is reviewed as one.
func TestAPI(t *testing.T) {
	t.Parallel()
	golden := map[string]bool{}
	for folder := range packages(t) {
		if !isLibrary(folder) {
			continue
		}
		file := filepath.Join("api", strings.ReplaceAll(folder, "/", "-")+".txt")
		golden[file] = true
		got := "package " + folder + "\n" + exported(t, filepath.Join(root, folder))
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
			continue
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err, "write it with go test ./docs -run API -update")
		assert.Equal(t, string(want), got, "if the change is meant, run go test ./docs -run API -update")
	}
	files, err := filepath.Glob("api/*.txt")
	require.NoError(t, err)
	for _, file := range files {
		if *update && !golden[file] {
			require.NoError(t, os.Remove(file))
			continue
		}
		assert.True(t, golden[file], "%s is about no library", file)
	}
}

// exported returns the exported API of the package in a folder, on Linux, one
// line for each name, in order.
func exported(t *testing.T, folder string) string {
	t.Helper()
	system := build.Default
	system.GOOS, system.GOARCH, system.CgoEnabled = "linux", "amd64", false
	pkg, err := system.ImportDir(folder, 0)
	require.NoError(t, err)
	var lines []string
	for _, name := range pkg.GoFiles {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, name), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				lines = append(lines, functions(decl)...)
			case *ast.GenDecl:
				lines = append(lines, declared(decl)...)
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// functions describes a function or a method.
func functions(decl *ast.FuncDecl) []string {
	if !decl.Name.IsExported() {
		return nil
	}
	signature := parameters(decl.Type.TypeParams) + strings.TrimPrefix(types.ExprString(decl.Type), "func")
	if decl.Recv == nil {
		return []string{"func " + decl.Name.Name + signature}
	}
	receiver := types.ExprString(decl.Recv.List[0].Type)
	name, _, _ := strings.Cut(strings.TrimPrefix(receiver, "*"), "[")
	if !ast.IsExported(name) {
		return nil
	}
	// Beside the type, in the order of the lines.
	return []string{fmt.Sprintf("type %s method (%s) %s%s", name, receiver, decl.Name.Name, signature)}
}

// declared describes constants, variables or types.
func declared(decl *ast.GenDecl) []string {
	var lines []string
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.ValueSpec:
			for i, name := range spec.Names {
				if !name.IsExported() {
					continue
				}
				line := decl.Tok.String() + " " + name.Name
				if spec.Type != nil {
					line += " " + types.ExprString(spec.Type)
				}
				if decl.Tok == token.CONST && i < len(spec.Values) {
					line += " = " + types.ExprString(spec.Values[i])
				}
				lines = append(lines, line)
			}
		case *ast.TypeSpec:
			if spec.Name.IsExported() {
				lines = append(lines, typeLines(spec)...)
			}
		}
	}
	return lines
}

// typeLines describes a type with its exported fields or methods.
func typeLines(spec *ast.TypeSpec) []string {
	head := "type " + spec.Name.Name
	name := head + parameters(spec.TypeParams)
	member := func(kind string, fields *ast.FieldList) []string {
		lines := []string{name + " " + kind}
		for _, field := range fields.List {
			text := types.ExprString(field.Type)
			if len(field.Names) == 0 { // embedded
				_, base, qualified := strings.Cut(strings.TrimPrefix(text, "*"), ".")
				if !qualified {
					base = strings.TrimPrefix(text, "*")
				}
				if ast.IsExported(base) {
					lines = append(lines, head+" "+kind+", "+text)
				}
			}
			for _, n := range field.Names {
				switch {
				case !n.IsExported():
				case kind == "interface":
					lines = append(lines, head+" interface, "+n.Name+strings.TrimPrefix(text, "func"))
				default:
					lines = append(lines, head+" struct, "+n.Name+" "+text)
				}
			}
		}
		return lines
	}
	switch typ := spec.Type.(type) {
	case *ast.StructType:
		return member("struct", typ.Fields)
	case *ast.InterfaceType:
		return member("interface", typ.Methods)
	}
	if spec.Assign.IsValid() {
		name += " ="
	}
	return []string{name + " " + types.ExprString(spec.Type)}
}

// parameters describes type parameters.
func parameters(list *ast.FieldList) string {
	if list == nil {
		return ""
	}
	var all []string
	for _, field := range list.List {
		for _, name := range field.Names {
			all = append(all, name.Name+" "+types.ExprString(field.Type))
		}
	}
	return "[" + strings.Join(all, ", ") + "]"
}
