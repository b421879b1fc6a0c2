package nspawn_test

import (
	"errors"
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
		var built []string
		release := make(chan error)
		builder := nspawn.NewBuilder(nspawn.Config{StandIns: map[string]string{"old": "debian-13"}}, func(name string) error {
			built = append(built, name)
			return <-release
		})
		first, second, other := builder.Get(jammy), builder.Get(jammy), builder.Get("old")
		synctest.Wait()
		assert.ElementsMatch(t, []string{jammy, template.Default}, built)
		assert.Equal(t, map[string]string{"old": template.Default}, builder.StandIns())
		release <- nil
		release <- nil
		for _, wait := range []func() error{first, second, other} {
			require.NoError(t, wait())
		}
		require.NoError(t, builder.Get(jammy)())
		assert.Len(t, built, 2)
	})
}

func TestBuildThatFailsNamesTheWayOutAndIsTriedAgain(t *testing.T) {
	unreachable := errors.New("archive answers 502")
	attempts := 0
	builder := nspawn.NewBuilder(nspawn.Config{TemplateFlag: "-template"}, func(string) error {
		if attempts++; attempts == 1 {
			return unreachable
		}
		return nil
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
