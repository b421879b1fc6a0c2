package exoapi_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

var update = flag.Bool("update", false, "remake the route table in README.md")

const (
	tableStart = "<!-- routes: go test ./fake/exoapi -run Readme -update -->\n"
	tableEnd   = "<!-- end of routes -->\n"
)

func TestReadmeListsTheRoutes(t *testing.T) {
	var table strings.Builder
	table.WriteString("| method | path below `/v2` | operation | emulated |\n|---|---|---|---|\n")
	for _, r := range newCloud(t, exoapi.Config{}).Routes() {
		emulated := map[bool]string{true: "yes", false: "no, 501"}[r.Emulated]
		fmt.Fprintf(&table, "| %s | `%s` | %s | %s |\n", r.Method, r.Path, r.OperationID, emulated)
	}
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(readme), tableStart)
	require.True(t, found)
	_, after, found := strings.Cut(rest, tableEnd)
	require.True(t, found)
	want := before + tableStart + "\n" + table.String() + "\n" + tableEnd + after
	if *update {
		require.NoError(t, os.WriteFile("README.md", []byte(want), 0o600))
		return
	}
	assert.Equal(t, want, string(readme), "remake it with -update")
}
