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

// mostAsked is the release that most of the course's hand-ins name.
const mostAsked = "Linux Ubuntu 22.04 LTS 64-bit"

// ubuntuDriver returns a driver that has a template of Ubuntu, or skips.
func ubuntuDriver(t *testing.T, name string) (*nspawn.Driver, *lines) {
	t.Helper()
	driver, _, log := newDriverWithImages(t, internet{})
	cached := nspawn.TemplateCached(config(newLog()), name)
	if os.Getenv("EXOPOOL_UBUNTU") != "1" && (!cached || name != mostAsked) {
		t.Skipf("building the template %q takes minutes, and each release half a minute: set EXOPOOL_UBUNTU=1", name)
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
				"lsb_release -rs":           version,
				"sudo -n whoami":            "root",
				"cloud-init query platform": "exoscale",
				"systemctl is-system-running --wait || systemctl list-units --failed --plain --no-legend": "running",
				// The user-data calls apt-get update.
				"sudo journalctl -b -q -o cat -u apt-news.service -u esm-cache.service | wc -l": "0",
			} {
				got, err := on(t, key, m, command)
				require.NoError(t, err, "%s: %s", command, got)
				assert.Equal(t, want, got, command)
			}
			inContainer := "sudo cat /proc/$(pgrep -f [h]ttp-load-generator | head -1)/"
			for command, want := range map[string]string{
				inContainer + "root/proc/stat | grep -c '^cpu[0-9]'":                            "1",
				inContainer + "environ | tr '\\0' '\\n' | grep -c ^SSL_CERT_FILE=/dev/exopool/": "1",
			} {
				got, err := on(t, key, m, command)
				require.NoError(t, err, "%s: %s", command, got)
				assert.Equal(t, want, got, "containers are adapted to the machine: %s", command)
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
