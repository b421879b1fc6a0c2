package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

func TestStandInsAreNamesWithTemplates(t *testing.T) {
	t.Parallel()
	const jammy = "Linux Ubuntu 22.04 LTS 64-bit"
	for text, problem := range map[string]string{
		jammy + "=debian-13": "", jammy + "=Linux Debian 13 (Trixie) 64-bit": "", "a=b=ubuntu-24.04": "",
		jammy: "give NAME=TEMPLATE", "=debian-13": "give NAME=TEMPLATE", jammy + "=arch": "cannot be built; those are debian-13, ubuntu-24.04",
	} {
		var cfg config
		set := newTerminal(t).newSet("test", "")
		addNspawn(set, &cfg)
		err := settingstest.Parse(t.Context(), set, []string{"-template", text, "-template", "other=ubuntu-22.04"}, io.Discard)
		if problem != "" {
			require.ErrorContains(t, err, problem, text)
			continue
		}
		require.NoError(t, err)
		assert.Len(t, cfg.moreTemplates(), 2)
		assert.Equal(t, jammy, cfg.standInsByName()["other"])
	}
}
