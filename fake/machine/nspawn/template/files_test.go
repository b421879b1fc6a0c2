package template_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn/template"
)

func TestUnitsThatOnlyTakeTimeAreMasked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	units := filepath.Join(dir, "etc", "systemd", "system")
	require.NoError(t, os.MkdirAll(units, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(units, "motd-news.timer"), nil, 0o600)) // as if a package had brought it
	require.NoError(t, template.Finish(dir))
	for _, unit := range []string{
		"systemd-ask-password-console.path", "systemd-ask-password-wall.path", "apt-daily.timer", "motd-news.timer", "ua-timer.timer", "apt-news.service", "esm-cache.service", "ua-reboot-cmds.service",
	} {
		target, err := os.Readlink(filepath.Join(units, unit))
		require.NoError(t, err)
		assert.Equal(t, "/dev/null", target, unit)
	}
}
