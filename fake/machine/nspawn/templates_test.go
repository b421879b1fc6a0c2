package nspawn_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
)

const jammy = "Linux Ubuntu 22.04 LTS 64-bit"

func TestMachinesThatWantTheSameTemplateWaitForOneBuild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var built []string
		finish := make(chan error)
		var released []string
		builder := nspawn.NewBuilder(nspawn.Config{StandIns: map[string]string{"old": "debian-13"}}, func(name string) (func(), error) {
			mu.Lock()
			built = append(built, name)
			mu.Unlock()
			return func() { released = append(released, name) }, <-finish
		})
		first, second, other := builder.Get(jammy), builder.Get(jammy), builder.Get("old")
		synctest.Wait()
		assert.ElementsMatch(t, []string{jammy, template.Default}, built)
		assert.Equal(t, map[string]string{"old": template.Default}, builder.StandIns())
		finish <- nil
		finish <- nil
		for _, wait := range []func() error{first, second, other} {
			require.NoError(t, wait())
		}
		require.NoError(t, builder.Get(jammy)())
		assert.Len(t, built, 2)
		assert.Empty(t, released, "machines use them")
		builder.Release()
		builder.Release()
		assert.ElementsMatch(t, built, released)
	})
}

func TestBuildThatFailsNamesTheWayOutAndIsTriedAgain(t *testing.T) {
	unreachable := errors.New("archive answers 502")
	attempts := 0
	builder := nspawn.NewBuilder(nspawn.Config{TemplateFlag: "-template"}, func(string) (func(), error) {
		if attempts++; attempts == 1 {
			return nil, unreachable
		}
		return func() {}, nil
	})
	err := builder.Get(jammy)()
	require.ErrorIs(t, err, unreachable)
	require.ErrorContains(t, err, `-template "Linux Ubuntu 22.04 LTS 64-bit=debian-13"`)
	require.NoError(t, builder.Get(jammy)())
	err = builder.Get("Linux Ubuntu 18.04 LTS 64-bit")()
	require.ErrorContains(t, err, "no template")
	require.ErrorContains(t, err, jammy)
	assert.ErrorContains(t, err, `-template "Linux Ubuntu 18.04 LTS 64-bit=debian-13"`)
}

func TestMachineIsToldTheUserOfTheTemplateItStandsInFor(t *testing.T) {
	cfg := nspawn.Config{StandIns: map[string]string{jammy: "debian-13"}}
	assert.Equal(t, "ubuntu", nspawn.UserOf(cfg, jammy, "ubuntu"))
	assert.Empty(t, nspawn.UserOf(cfg, template.Default, "debian"), "its own cloud-init knows")
}

func TestTemplatesThatCannotBeBuiltSayWhatToDo(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/dists/noble/") && !strings.HasPrefix(r.URL.Path, "/dists/trixie/") {
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	list := nspawn.ExamineTemplates(t.Context(), nspawn.Config{
		Cache: t.TempDir(), Mirror: server.URL, UbuntuMirror: server.URL, TemplateFlag: "-template",
	})
	problems := map[string]string{}
	for _, r := range list {
		if !r.OK() {
			assert.Contains(t, r.Problem, "404")
			problems[r.Name] = r.Remedy
		}
	}
	assert.Equal(t, map[string]string{
		"Linux Ubuntu 22.04 LTS 64-bit": `-template "Linux Ubuntu 22.04 LTS 64-bit=debian-13" lets Debian 13 stand in`,
		"Linux Ubuntu 20.04 LTS 64-bit": `-template "Linux Ubuntu 20.04 LTS 64-bit=debian-13" lets Debian 13 stand in`,
	}, problems)
}
