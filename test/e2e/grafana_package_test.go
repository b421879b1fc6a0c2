package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/grafana"
	"github.com/exopool/exopool/test/aptrepo"
)

const (
	// grafanaVersion is that of a preview of Grafana 10, the only one that the
	// Go module proxy serves. The program does not know its own.
	grafanaVersion = "10.0.0~preview"
	grafanaMajor   = 10
)

// What Grafana's own package has around the program: its unit and the file
// with the places of everything.
const (
	grafanaUnit = `[Unit]
Description=Grafana, from a folder of this computer
After=network-online.target
Wants=network-online.target

[Service]
EnvironmentFile=/etc/default/grafana-server
User=grafana
Group=grafana
WorkingDirectory=/usr/share/grafana
RuntimeDirectory=grafana
ExecStart=/usr/share/grafana/bin/grafana server --config=${CONF_FILE} --homepath=/usr/share/grafana cfg:default.paths.logs=${LOG_DIR} cfg:default.paths.data=${DATA_DIR} cfg:default.paths.plugins=${PLUGINS_DIR} cfg:default.paths.provisioning=${PROVISIONING_CFG_DIR}
Restart=on-failure

[Install]
WantedBy=multi-user.target
`
	grafanaDefaults = `CONF_FILE=/etc/grafana/grafana.ini
LOG_DIR=/var/log/grafana
DATA_DIR=/var/lib/grafana
PLUGINS_DIR=/var/lib/grafana/plugins
PROVISIONING_CFG_DIR=/etc/grafana/provisioning
`
	grafanaPostinst = `#!/bin/sh
set -e
getent passwd grafana >/dev/null || useradd --system --user-group --home-dir /usr/share/grafana --shell /bin/false grafana
install -d -o grafana -g grafana -m 0750 /var/lib/grafana /var/log/grafana
systemctl daemon-reload || true
`
)

// grafanaPackage makes a package of a Grafana that is in a folder, with its
// program in bin and what goes with it in home.
func grafanaPackage(t *testing.T, folder string) aptrepo.Package {
	t.Helper()
	root := t.TempDir()
	share := filepath.Join(root, "usr/share/grafana")
	require.NoError(t, os.MkdirAll(share, 0o755))
	home, err := grafana.CompleteHome(filepath.Join(folder, "home"), t.TempDir())
	require.NoError(t, err)
	for _, command := range [][]string{
		{"cp", "-rL", filepath.Join(folder, "bin"), filepath.Join(home, "conf"), filepath.Join(home, "public"), share},
		{"chmod", "-R", "a+rX", share},
	} {
		output, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput()
		require.NoError(t, err, string(output))
	}
	for path, text := range map[string]string{
		"usr/lib/systemd/system/grafana-server.service": grafanaUnit,
		"etc/default/grafana-server":                    grafanaDefaults,
		"etc/grafana/grafana.ini":                       "",
	} {
		path = filepath.Join(root, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return aptrepo.Package{
		Name: "grafana", Version: grafanaVersion, Depends: "passwd", Description: "Grafana, from a folder of this computer",
		Root: root, Scripts: map[string]string{"postinst": grafanaPostinst},
	}
}
