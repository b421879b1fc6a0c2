package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A vocabulary is what the table of CONTRIBUTING.md rules out.
type vocabulary struct {
	names   []string       // of things in Go
	phrases *regexp.Regexp // in any text
}

func readVocabulary(t *testing.T) vocabulary {
	t.Helper()
	_, section, found := strings.Cut(string(read(t, filepath.Join(root, "CONTRIBUTING.md"))), "\n## Words\n")
	require.True(t, found)
	var v vocabulary
	var phrases []string
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 { // not a row of the table
			continue
		}
		for word := range strings.SplitSeq(cells[3], ",") {
			word = strings.TrimSpace(word)
			switch {
			case word == "" || word == "not" || strings.HasPrefix(word, "---"):
			case strings.HasPrefix(word, "`"):
				v.names = append(v.names, strings.Trim(word, "`"))
			default:
				// A phrase may be broken by the end of a line and what starts the next.
				phrases = append(phrases, strings.Join(strings.Fields(regexp.QuoteMeta(word)), `[\s/#*]+`))
			}
		}
	}
	require.NotEmpty(t, v.names)
	require.NotEmpty(t, phrases)
	v.phrases = regexp.MustCompile(`(?i)\b(` + strings.Join(phrases, "|") + `)\b`)
	return v
}

// proseKinds are the files that are read by people.
var proseKinds = []string{".go", ".md", ".tf", ".tftpl", ".sh", ".yml", ".yaml", ".json", ".service", ".toml"}

func TestVocabularyIsKept(t *testing.T) {
	t.Parallel()
	words := readVocabulary(t)
	for _, name := range repositoryFiles(t) {
		if !slices.Contains(proseKinds, path.Ext(name)) || strings.Contains(name, "testdata/") {
			continue
		}
		text := string(read(t, filepath.Join(root, name)))
		if !utf8.ValidString(text) {
			continue
		}
		if name != "CONTRIBUTING.md" {
			for _, at := range words.phrases.FindAllStringIndex(text, -1) {
				assert.Failf(t, "not our word", "%s:%d: %q; see CONTRIBUTING.md", name, 1+strings.Count(text[:at[0]], "\n"), text[at[0]:at[1]])
			}
		}
		if path.Ext(name) == ".go" {
			checkNames(t, name, text, words.names)
		}
	}
}

// checkNames looks at what a file declares.
func checkNames(t *testing.T, name, text string, banned []string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, parser.SkipObjectResolution)
	require.NoError(t, err)
	check := func(id *ast.Ident) {
		if id != nil && slices.Contains(banned, id.Name) {
			assert.Failf(t, "not our word", "%s: %s; see CONTRIBUTING.md", files.Position(id.Pos()), id.Name)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			check(n.Name)
		case *ast.TypeSpec:
			check(n.Name)
		case *ast.ValueSpec:
			for _, id := range n.Names {
				check(id)
			}
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				if id, ok := left.(*ast.Ident); ok && n.Tok == token.DEFINE {
					check(id)
				}
			}
		case *ast.Field:
			for _, id := range n.Names {
				check(id)
				if isLogger(n.Type) && !strings.HasSuffix(strings.ToLower(id.Name), "logger") && id.Name != "_" {
					assert.Failf(t, "not our word", "%s: %s is a *slog.Logger: call it logger; see CONTRIBUTING.md", files.Position(id.Pos()), id.Name)
				}
			}
		}
		return true
	})
}

// isLogger reports whether a type is *slog.Logger.
func isLogger(e ast.Expr) bool {
	star, ok := e.(*ast.StarExpr)
	if !ok {
		return false
	}
	selector, ok := star.X.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := selector.X.(*ast.Ident)
	return ok && pkg.Name == "slog" && selector.Sel.Name == "Logger"
}
