package shellscript_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/syntax"

	"github.com/exopool/exopool/internal/shellscript"
)

func TestWordsAreTheirLiteralParts(t *testing.T) {
	file, err := shellscript.Parse("#!/bin/bash\n[[ 1 ]]\n" + `echo a 'b c' "d $x e" f"g"$(h) $'i'` + "\n")
	require.NoError(t, err)
	call, ok := file.Stmts[1].Cmd.(*syntax.CallExpr)
	require.True(t, ok)
	assert.Equal(t, []string{"echo", "a", "b c", "d  e", "fg", "i"}, shellscript.Words(call.Args))
}

func TestFaultsNameTheirLine(t *testing.T) {
	_, err := shellscript.Parse("echo a\nif true; then\n")
	var at syntax.ParseError
	require.ErrorAs(t, err, &at)
	assert.Equal(t, uint(2), at.Pos.Line())
}
