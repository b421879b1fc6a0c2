package template_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/template"
)

func TestMirrorIsThatOfTheHost(t *testing.T) {
	const debian12 = `Types: deb
# a comment
URIs: http://mirror.example/debian/
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
`
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"no sources", nil, template.FallbackMirror},
		{"deb822", map[string]string{"sources.list.d/debian.sources": debian12}, "http://mirror.example/debian"},
		{
			"one line",
			map[string]string{"sources.list": "# old\ndeb [arch=amd64 signed-by=/k] https://a.example/debian trixie main contrib # x\n"},
			"https://a.example/debian",
		},
		{"other vendors", map[string]string{"sources.list.d/x.list": "deb https://packages.example/apt cloud main\n"}, template.FallbackMirror},
		{"Ubuntu", map[string]string{"sources.list": "deb http://archive.example/ubuntu noble main\n"}, template.FallbackMirror},
		{"security only", map[string]string{"sources.list": "deb http://s.example/debian trixie-security main\n"}, template.FallbackMirror},
		{"sources of source code", map[string]string{"sources.list": "deb-src http://a.example/debian trixie main\n"}, template.FallbackMirror},
		{"switched off", map[string]string{"sources.list.d/debian.sources": "Enabled: no\n" + debian12}, template.FallbackMirror},
		{"no network address", map[string]string{"sources.list": "deb file:/srv/debian trixie main\n"}, template.FallbackMirror},
	} {
		t.Run(c.name, func(t *testing.T) {
			apt := fstest.MapFS{}
			for name, text := range c.files {
				apt[name] = &fstest.MapFile{Data: []byte(text)}
			}
			assert.Equal(t, c.want, template.Mirror(apt))
		})
	}
}

func FuzzMirror(f *testing.F) {
	f.Add("Types: deb\nURIs: http://a/debian\nSuites: trixie\nComponents: main\n", "deb [a=b] http://a/debian trixie main\n")
	f.Add(" \n\n:\n x", "deb [")
	f.Fuzz(func(t *testing.T, sources, list string) {
		apt := fstest.MapFS{
			"sources.list":                  {Data: []byte(list)},
			"sources.list.d/debian.sources": {Data: []byte(sources)},
		}
		if template.Mirror(apt) == "" {
			t.Error("no mirror")
		}
	})
}

func TestBuildLogsItsSteps(t *testing.T) {
	for _, c := range []struct{ mirror, output string }{
		{"http://a/debian", "I: running apt-get update...\nGet:1 http://a/debian trixie\nlast"},
		{"http://user:hidden@a/debian", "I: running apt-get update...\nGet:1 http://user:hidden@a/debian trixie\nlast"},
	} {
		mirror, err := url.Parse(c.mirror)
		require.NoError(t, err)
		var log bytes.Buffer
		tail := template.Progress(slog.New(slog.NewTextHandler(&log, nil)), mirror, c.output[:20], c.output[20:]+"\n")
		assert.Contains(t, log.String(), `step="running apt-get update..."`)
		assert.NotContains(t, log.String(), "Get:1", "packages are no steps")
		assert.Equal(t, "I: running apt-get update...\nGet:1 http://a/debian trixie\nlast", tail)
	}
}

func TestKeyDependsOnReleaseAndMirror(t *testing.T) {
	key := func(c template.Config, name string) string {
		k, err := template.Key(c, name)
		require.NoError(t, err)
		return k
	}
	one := template.Config{Mirror: "http://a/debian", UbuntuMirror: "http://a/ubuntu", Cache: "/a"}
	moved, other := one, one
	moved.Cache, other.Mirror = "/b", "http://b/debian"
	seen := map[string]string{}
	for _, name := range template.Names() {
		k := key(one, name)
		assert.Equal(t, k, key(moved, name), "not on where it is kept")
		assert.Equal(t, strings.Contains(name, "Debian"), k != key(other, name), name)
		assert.NotContains(t, seen, k, "as %s", seen[k])
		seen[k] = name
	}
}

func TestTemplatesAreFoundByBothNames(t *testing.T) {
	for text, want := range map[string]string{
		"debian-13": template.Default, template.Default: template.Default,
		"Ubuntu-22.04": "Linux Ubuntu 22.04 LTS 64-bit", "Linux Ubuntu 20.04 LTS 64-bit": "Linux Ubuntu 20.04 LTS 64-bit",
	} {
		name, ok := template.Find(text)
		assert.True(t, ok, text)
		assert.Equal(t, want, name)
	}
	for _, name := range template.Names() {
		found, ok := template.Find(template.Short(name))
		assert.True(t, ok)
		assert.Equal(t, name, found)
	}
	_, ok := template.Find("")
	assert.False(t, ok)
}

func TestUbuntuHasItsUpdates(t *testing.T) {
	cfg := template.Config{Mirror: "http://a/debian", UbuntuMirror: "http://a/ubuntu"}
	assert.Equal(t, `deb http://a/ubuntu jammy main restricted universe multiverse
deb http://a/ubuntu jammy-updates main restricted universe multiverse
deb http://a/ubuntu jammy-security main restricted universe multiverse
`, template.Sources(cfg, "Linux Ubuntu 22.04 LTS 64-bit"))
	assert.Equal(t, "deb http://a/debian trixie main\n", template.Sources(cfg, template.Default))
}

func TestMirrorWithoutTheReleaseIsNamedBeforeABuild(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	cfg := template.Config{Cache: t.TempDir(), UbuntuMirror: server.URL, Logger: slog.New(slog.DiscardHandler)}
	_, _, err := template.Ensure(t.Context(), cfg, "Linux Ubuntu 22.04 LTS 64-bit")
	require.ErrorContains(t, err, server.URL+"/dists/jammy/Release answers 404")
	_, _, err = template.Ensure(t.Context(), cfg, "Linux Ubuntu 4.10 LTS 64-bit")
	require.ErrorContains(t, err, "no template")
}

func TestMirrorsThatAreNoneAreRefusedUnrepeated(t *testing.T) {
	for _, mirror := range []string{"", "debian", "ftp://u:secret@a/debian", "http://u:secret@a/debian main"} {
		_, _, err := template.Ensure(t.Context(), template.Config{Cache: t.TempDir(), Mirror: mirror}, template.Default)
		require.ErrorContains(t, err, "not the address of a mirror")
		assert.NotContains(t, err.Error(), "secret")
	}
}
