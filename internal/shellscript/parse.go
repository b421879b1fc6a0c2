package shellscript

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Parse reads a script, in Bash's dialect, which includes that of sh. The error is
// a [syntax.ParseError], which names the line.
func Parse(text string) (*syntax.File, error) {
	return syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
}

// Words returns words as far as they are literal.
func Words(words []*syntax.Word) []string {
	all := make([]string, 0, len(words))
	for _, word := range words {
		all = append(all, literal(word.Parts))
	}
	return all
}

// literal returns the parts of a word that are the same whenever it is expanded.
func literal(parts []syntax.WordPart) string {
	var text strings.Builder
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			text.WriteString(part.Value)
		case *syntax.SglQuoted:
			text.WriteString(part.Value)
		case *syntax.DblQuoted:
			text.WriteString(literal(part.Parts))
		}
	}
	return text.String()
}
