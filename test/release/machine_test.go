package release_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
)

// A machine is a Debian that has booted beside a fake cloud, without Go.
type machine struct {
	cloud  *fakecloud.Cloud
	helper driverapi.Helper
	pool   string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	if os.Getenv("EXOPOOL_NSPAWN") != "1" {
		t.Skip("boots machines: set EXOPOOL_NSPAWN=1 to run it, as root on Linux")
	}
	logger := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	cfg := nspawn.Config{
		Logger: logger, Prefix: "exopoolpkg", Range: netip.MustParsePrefix("198.19.128.0/20"), Hosts: map[string]netip.Addr{},
	}
	for _, r := range nspawn.Examine(t.Context(), cfg) {
		if !r.OK() {
			t.Skipf("machines cannot be booted here: %s: %s; to change that: %s", r.Name, r.Problem, r.Remedy)
		}
	}
	cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{
		Logger: logger,
		Machines: func(ctx context.Context, from fakecloud.DriverConfig) (fakecloud.Driver, error) {
			cfg.Authority = from.Authority
			for _, name := range from.Hosts {
				cfg.Hosts[name] = netip.Addr{} // the gateway
			}
			return nspawn.New(ctx, cfg)
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	helper, err := cloud.StartHelper(t.Context(), nil)
	require.NoError(t, err)
	pool, err := cloud.CreatePool(t.Context(), fakecloud.Pool{Name: "web", Size: 1, Template: template.Default})
	require.NoError(t, err)
	return &machine{cloud, helper, pool}
}

// try runs a script as root, and returns what it says and its exit code.
func (m *machine) try(t *testing.T, stdin []byte, script string, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var said bytes.Buffer
	code, err := m.helper.Run(ctx, append([]string{"sh", "-ec", script, "sh"}, args...), bytes.NewReader(stdin), &said, &said)
	require.NoError(t, err, "%s\n%s", script, said.String())
	return strings.TrimSpace(said.String()), code
}

// sh runs a script that must succeed, and returns what it says.
func (m *machine) sh(t *testing.T, script string, args ...string) string {
	t.Helper()
	said, code := m.try(t, nil, script, args...)
	require.Zero(t, code, "%s\n%s", script, said)
	return said
}

// await waits until a script succeeds, and returns what it says then.
func (m *machine) await(t *testing.T, script string) string {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		said, code := m.try(t, nil, script)
		if code == 0 {
			return said
		}
		if time.Now().After(deadline) {
			log, _ := m.try(t, nil, "systemctl status --no-pager autoscaler discovery; journalctl --no-pager --lines 40 --unit autoscaler --unit discovery")
			t.Fatalf("never: %s\n%s\n%s", script, said, log)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// put writes a file of root's alone.
func (m *machine) put(t *testing.T, path string, content []byte) {
	t.Helper()
	said, code := m.try(t, content, `umask 077; cat >"$1"`, path)
	require.Zero(t, code, said)
}

// install installs a package that was copied to the machine.
func (m *machine) install(t *testing.T, dist, name string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dist, name))
	require.NoError(t, err)
	m.put(t, "/root/"+name, content)
	m.sh(t, `DEBIAN_FRONTEND=noninteractive dpkg --install "/root/$1"; rm "/root/$1"`, name)
}

const (
	tokened = `token=$(cat /etc/exopool/webhook-token); `
	pid     = "systemctl show --property MainPID --value autoscaler"
)

// run does what an operator does with two versions of the packages.
func (m *machine) run(t *testing.T, first, second string) {
	t.Helper()
	_, code := m.try(t, nil, "command -v go")
	require.NotZero(t, code, "the machine has no Go")
	before := m.inventory(t)

	m.install(t, first, "exopool_0.1.0_amd64.deb")
	assert.Equal(t, "enabled\nenabled", m.sh(t, "systemctl is-enabled autoscaler discovery"))
	_, code = m.try(t, nil, "systemctl is-active autoscaler")
	assert.NotZero(t, code, "it waits for a key")
	assert.Empty(t, m.sh(t, "systemctl --failed --quiet --plain | grep -E 'autoscaler|discovery' || true"))
	assert.Equal(t, "640 root\n600 root\n600 root\n600 root",
		m.sh(t, "cd /etc/exopool; stat -c '%a %U' exopool.env exoscale-key exoscale-secret webhook-token"))
	assert.Regexp(t, "^autoscaler v0.1.0 ", m.sh(t, "autoscaler -version"))

	m.configure(t)
	m.await(t, "curl -fs http://127.0.0.1:8090/readyz && curl -fs http://127.0.0.1:8091/readyz")
	m.scalesUp(t, 2)

	// What was decided, and is so after an upgrade.
	m.sh(t, tokened+`curl -fs -X POST -H "Authorization: Bearer $token" -d duration=2h http://127.0.0.1:8090/pause`)
	config, old := m.sh(t, "sha256sum /etc/exopool/*"), m.sh(t, pid)
	m.install(t, second, "exopool_0.1.1_amd64.deb")
	assert.Regexp(t, "^autoscaler v0.1.1 ", m.sh(t, "autoscaler -version"))
	m.await(t, "curl -fs http://127.0.0.1:8090/readyz && curl -fs http://127.0.0.1:8091/readyz")
	assert.NotEqual(t, old, m.sh(t, pid), "it was restarted")
	assert.Equal(t, config, m.sh(t, "sha256sum /etc/exopool/*"), "settings and secrets stay")
	assert.Contains(t, m.sh(t, "curl -fs http://127.0.0.1:8090/metrics | grep -E '^exopool_autoscaler_paused'"), " 1")
	m.sh(t, tokened+`curl -fs -X POST -H "Authorization: Bearer $token" http://127.0.0.1:8090/resume`)
	m.scalesUp(t, 3)

	m.install(t, first, "exopool-fakecloud_0.1.0_amd64.deb")
	assert.Regexp(t, "^fakecloud v0.1.0 ", m.sh(t, "fakecloud -version"))
	assert.Contains(t, m.sh(t, "fakecloud exec -- env"), "EXOSCALE_API_ENDPOINT=http://127.0.0.1:")

	m.sh(t, "dpkg --remove exopool exopool-fakecloud")
	_, code = m.try(t, nil, "systemctl is-active autoscaler || systemctl is-active discovery || pidof autoscaler discovery")
	assert.NotZero(t, code, "nothing runs")
	m.sh(t, "test -s /etc/exopool/exopool.env && test -s /etc/exopool/exoscale-key && test -d /var/lib/private/autoscaler")
	m.sh(t, "dpkg --purge exopool exopool-fakecloud")
	assert.Equal(t, before, m.inventory(t), "a purge leaves nothing")
}

// configure gives the programs what docs/install.md says.
func (m *machine) configure(t *testing.T) {
	t.Helper()
	connection := m.cloud.Connection()
	m.put(t, "/etc/exopool/exoscale-key", []byte(connection.Key))
	m.put(t, "/etc/exopool/exoscale-secret", []byte(connection.Secret))
	m.sh(t, `sed -i -e "s/^EXOSCALE_ZONE=.*/EXOSCALE_ZONE=$1/" -e "s/^EXOSCALE_INSTANCEPOOL_ID=.*/EXOSCALE_INSTANCEPOOL_ID=web/" /etc/exopool/exopool.env
printf 'AUTOSCALER_INTERVAL=2s\nAUTOSCALER_MAX=3\n' >>/etc/exopool/exopool.env`, connection.Zone)
	m.sh(t, "systemctl restart autoscaler discovery")
}

// scalesUp sends a webhook, and waits for the size and for the targets of Prometheus.
func (m *machine) scalesUp(t *testing.T, size int) {
	t.Helper()
	m.sh(t, tokened+`curl -fs -X POST -H "Authorization: Bearer $token" http://127.0.0.1:8090/up`)
	deadline := time.Now().Add(3 * time.Minute)
	for len(m.cloud.API().Instances()) != size {
		require.True(t, time.Now().Before(deadline), "never %d members; %s", size, m.sh(t, "journalctl --no-pager --lines 40 --unit autoscaler"))
		<-time.After(200 * time.Millisecond)
	}
	for _, member := range m.cloud.API().Instances() {
		m.await(t, "grep -q '"+member.Address.String()+":9100' /srv/service-discovery/config.json")
	}
	// As Prometheus, another user, reads it.
	m.sh(t, "setpriv --reuid=65534 --regid=65534 --clear-groups cat /srv/service-discovery/config.json >/dev/null")
}

// inventory lists what a package could leave: files, users, groups and units.
func (m *machine) inventory(t *testing.T) string {
	t.Helper()
	return m.sh(t, `find /etc /usr /srv /opt /var/lib /var/cache /var/spool -xdev \
  -not -path '/var/lib/dpkg/*' -not -path '/var/lib/systemd/*' -not -path '/var/cache/*' \
  -not -name 'passwd*' -not -name 'group*' -not -name 'shadow*' -not -name 'gshadow*' -not -name '.updated' -not -name '.pwd.lock' | sort
cut -d: -f1 /etc/passwd /etc/group | sort
systemctl list-unit-files --no-legend --plain | grep -E 'autoscaler|discovery' || true
find /var/lib/systemd /etc/systemd -name '*autoscaler*' -o -name '*discovery*'`)
}
