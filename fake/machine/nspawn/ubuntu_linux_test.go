package nspawn_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
)

// dockerised is user-data as the course's hand-ins write it.
const dockerised = `#!/bin/bash
set -e
apt-get update
apt-get install -y docker.io
docker run -d --restart=always -p 8080:8080 janoszen/http-load-generator:1.0.1
`

// ubuntuDriver returns a driver that has a template of Ubuntu, or skips.
func ubuntuDriver(t *testing.T, name string) (*nspawn.Driver, *lines) {
	t.Helper()
	driver, log := newDriver(t)
	if nspawn.TemplateCached(config(newLog()), name) {
		return driver, log
	}
	if os.Getenv("EXOPOOL_UBUNTU") != "1" {
		t.Skipf("building the template %q takes minutes: set EXOPOOL_UBUNTU=1", name)
	}
	require.NoError(t, nspawn.BuildTemplate(t.Context(), config(newLog()), name))
	return driver, log
}

func TestUbuntuBootsAndRunsContainers(t *testing.T) {
	for _, name := range template.Names() {
		version, ok := strings.CutPrefix(template.Short(name), "ubuntu-")
		if !ok {
			continue
		}
		t.Run(version, func(t *testing.T) {
			driver, log := ubuntuDriver(t, name)
			key := newKey(t)
			m := instance(driver, 0, dockerised, key.public)
			m.Template, m.DefaultUser = name, "ubuntu"
			start(t, driver, m)
			booted(t, log, m, 1)
			require.NoError(t, driver.Condition(m.ID).Err)
			for command, want := range map[string]string{
				"lsb_release -rs":                    version,
				"sudo -n whoami":                     "root",
				"cloud-init query platform":          "exoscale",
				"systemctl is-system-running --wait": "running",
			} {
				got, err := on(t, key, m, command)
				require.NoError(t, err, "%s: %s", command, got)
				assert.Equal(t, want, got, command)
			}
			eventually(t, "the container answers", func() bool {
				resp, err := http.Get("http://" + m.Address.String() + ":8080/health")
				if err != nil {
					return false
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				return err == nil && strings.TrimSpace(string(body)) == "OK"
			})
		})
	}
}

func TestStandInHasTheUserOfWhatItStandsInFor(t *testing.T) {
	const old = "Linux Ubuntu 18.04 LTS 64-bit"
	driver, log := newDriver(t, func(cfg *nspawn.Config) { cfg.StandIns = map[string]string{old: "debian-13"} })
	key := newKey(t)
	m := instance(driver, 0, "", key.public)
	m.Template, m.DefaultUser = old, "ubuntu"
	start(t, driver, m)
	booted(t, log, m, 1)
	got, err := on(t, key, m, "whoami; . /etc/os-release; echo $ID")
	require.NoError(t, err, got)
	assert.Equal(t, "ubuntu\ndebian", got)
	assert.Equal(t, map[string]string{old: template.Default}, driver.StandIns())
}
