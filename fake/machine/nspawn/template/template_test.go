package template_test

import (
	"bytes"
	"log/slog"
	"net/url"
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

func TestKeyDependsOnTheMirrorOnly(t *testing.T) {
	key := func(c template.Config) string {
		k, err := template.Key(c)
		require.NoError(t, err)
		return k
	}
	one := template.Config{Mirror: "http://a/debian", Cache: "/a"}
	assert.Equal(t, key(one), key(template.Config{Mirror: "http://a/debian", Cache: "/b"}), "not on where it is kept")
	assert.NotEqual(t, key(one), key(template.Config{Mirror: "http://b/debian"}))
}

func TestMirrorsThatAreNoneAreRefusedUnrepeated(t *testing.T) {
	for _, mirror := range []string{"", "debian", "ftp://u:secret@a/debian", "http://u:secret@a/debian main"} {
		_, err := template.Ensure(t.Context(), template.Config{Cache: t.TempDir(), Mirror: mirror})
		require.ErrorContains(t, err, "not the address of a Debian mirror")
		assert.NotContains(t, err.Error(), "secret")
	}
}
