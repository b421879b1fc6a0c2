package control_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/fakecloud/control"
)

// page returns the page for users of any language.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/control-api.md")
	require.NoError(t, err)
	return string(text)
}

// TestPageHasEachRoute: a section each, in the order in which they are listed.
func TestPageHasEachRoute(t *testing.T) {
	t.Parallel()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, newServer(t)+control.Path, http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var index struct {
		Version int
		Routes  []string
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&index))
	assert.Equal(t, control.Version, index.Version)

	var sections []string
	for _, section := range strings.Split(page(t), "\n## ")[1:] {
		if title, _, _ := strings.Cut(section, "\n"); strings.HasPrefix(title, "`") {
			sections = append(sections, strings.Trim(title, "`"))
			assert.Contains(t, section, "\n$ curl ", "an example of %s", title)
		}
	}
	assert.Equal(t, index.Routes, sections)
}

// TestPageHasEachField of what is answered.
func TestPageHasEachField(t *testing.T) {
	t.Parallel()
	text := page(t)
	for _, answer := range []any{control.Fault{}, control.Clock{}, exoapi.Exchange{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(answer)) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			assert.Regexp(t, "(?m)^\\| .*`"+name+"`.* \\| .* \\|$", text, "%T has it", answer)
		}
	}
}

// example is a command of the page, and what it prints.
var example = regexp.MustCompile(`(?m)^\$ (curl .*)\n((?:[^$\x60\n].*\n)*)`)

func TestExamplesOfThePage(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{KeepChanges: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	require.NoError(t, cloud.API().Call(t.Context(), http.MethodGet, "/v2/zone", nil, nil))
	dir := t.TempDir()
	examples := example.FindAllStringSubmatch(page(t), -1)
	require.NotEmpty(t, examples)
	for _, e := range examples {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", e[1])
		cmd.Dir, cmd.Env = dir, cloud.Environ(os.Environ())
		printed, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", e[1], printed)
		parts := strings.Split(strings.TrimSuffix(e[2], "\n"), "…")
		for n := range parts {
			parts[n] = regexp.QuoteMeta(parts[n])
		}
		assert.Regexp(t, `(?s)\A`+strings.Join(parts, ".*")+`\n?\z`, string(printed), e[1])
	}
}
