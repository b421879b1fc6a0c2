package e2e_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
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
Description=Grafana, from a folder of the host
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

// grafanaPackage makes a package of a folder with a program in bin, and what
// goes with it in conf and public.
func grafanaPackage(t *testing.T, folders ...string) aptrepo.Package {
	t.Helper()
	root := t.TempDir()
	share := filepath.Join(root, "usr/share/grafana")
	require.NoError(t, os.MkdirAll(share, 0o755))
	for _, command := range [][]string{
		append(append([]string{"cp", "-rL"}, folders...), share),
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
		Name: "grafana", Version: grafanaVersion, Depends: "passwd", Description: "Grafana, from a folder of the host",
		Root: root, Scripts: map[string]string{"postinst": grafanaPostinst},
	}
}

// grafanaSource chooses what machines install as Grafana: the one in the
// folder that the environment names, the vendor's, or a fake one. Without a
// package from this host it is nil.
func grafanaSource(t *testing.T) *vendor {
	t.Helper()
	if folder := os.Getenv(grafanaFolder); folder != "" {
		t.Logf("GRAFANA: the one in %s, packed as the vendor does", folder)
		home, err := grafanaserver.CompleteHome(filepath.Join(folder, "home"), t.TempDir())
		require.NoError(t, err)
		return grafanaVendor(t, grafanaPackage(t, filepath.Join(folder, "bin"), filepath.Join(home, "conf"), filepath.Join(home, "public")))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if conn, err := new(net.Dialer).DialContext(ctx, "tcp", grafanaHost+":443"); err == nil {
		_ = conn.Close()
		t.Logf("GRAFANA: its vendor's package, from %s", grafanaHost)
		return nil
	}
	t.Logf("GRAFANA: NONE. %s does not answer and %s is not set: the alerts come from Prometheus' rules, "+
		"by a fake one that shows no dashboard", grafanaHost, grafanaFolder)
	bin := filepath.Join(t.TempDir(), "bin")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "grafana"), "./fakegrafana")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	return grafanaVendor(t, grafanaPackage(t, bin))
}
