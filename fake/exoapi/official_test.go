package exoapi_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOfficialOperationsAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	document := loadDocument(t)
	var lines []string
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			lines = append(lines, fmt.Sprintf("%s %s %s", method, path, operation.OperationID))
		}
	}
	slices.Sort(lines)
	text, err := os.ReadFile("official_operations.txt")
	require.NoError(t, err)
	listed := strings.Split(strings.TrimSpace(string(text)), "\n")
	if *update {
		require.NoError(t, os.WriteFile("official_operations.txt", []byte(strings.Join(lines, "\n")+"\n"), 0o600))
		return
	}
	assert.Equal(t, lines, listed, "remake it with -update")
}
