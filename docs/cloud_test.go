package docs_test

import (
	"go/scanner"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// cloudWords are words that only an adapter may know: the names of a cloud, of
// its settings and programs, and of its states.
var cloudWords = regexp.MustCompile(`(?i)(exo|ego)scale|\bexo |expunging|destroyed`)

// settingWords are words that only programs may know: names of settings and
// commands.
var settingWords = regexp.MustCompile(`[A-Z]+_[A-Z]|\bexo `)

// TestCoreNamesNoCloud: what knows no cloud has no word of one in its
// identifiers and strings, either, and neither it nor the adapter names settings.
func TestCoreNamesNoCloud(t *testing.T) {
	t.Parallel()
	files := 0
	for _, name := range repositoryFiles(t) {
		top, _, _ := strings.Cut(name, "/")
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		var banned []*regexp.Regexp
		switch top {
		case "autoscale", "discovery", "sweep":
			banned = []*regexp.Regexp{cloudWords, settingWords}
		case "exoscale":
			banned = []*regexp.Regexp{settingWords}
		default:
			continue
		}
		files++
		source := read(t, filepath.Join(root, name))
		set := token.NewFileSet()
		var s scanner.Scanner
		s.Init(set.AddFile(name, -1, len(source)), source, nil, 0)
		for {
			at, tok, text := s.Scan()
			if tok == token.EOF {
				break
			}
			if tok != token.IDENT && tok != token.STRING {
				continue
			}
			for _, words := range banned {
				assert.NotRegexp(t, words, text, "%s: the adapter or the program has to bring this word", set.Position(at))
			}
		}
	}
	assert.Greater(t, files, 30)
}
