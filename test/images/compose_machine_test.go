package images_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/vendorimages"
)

// compose is how the test calls podman-compose.
const compose = "cd /srv/exopool && podman-compose --env-file examples/compose/fakecloud.env --profile fakecloud "

// TestComposeOnMachinesThatBoot starts compose.yaml against the fake cloud. Nobody
// sends requests to its pool of two members, so that Grafana's alert shrinks it.
func TestComposeOnMachinesThatBoot(t *testing.T) {
	folder := os.Getenv("EXOPOOL_GRAFANA")
	if folder == "" {
		t.Skip("needs a Grafana: set EXOPOOL_GRAFANA to its folder")
	}
	m := startMachine(t, "autoscaler", "discovery", "fakecloud")
	if output, code := m.execute(t, nil, "apt-get -q update && apt-get -q -y --no-install-recommends install podman-compose"); code != 0 {
		t.Skipf("podman-compose cannot be installed:\n%s", output)
	}
	t.Log(m.run(t, "podman-compose --version | xargs"))
	prometheus, grafana := filepath.Join(t.TempDir(), "image"), filepath.Join(t.TempDir(), "image")
	require.NoError(t, vendorimages.Prometheus(t.Context(), prometheus))
	require.NoError(t, vendorimages.Grafana(t.Context(), grafana, folder))
	all := services(t)
	m.pull(t, prometheus, strings.ReplaceAll(strings.ReplaceAll(all["prometheus"].Image, "${PROMETHEUS_VERSION:-", ""), "}", ""))
	m.pull(t, grafana, strings.ReplaceAll(strings.ReplaceAll(all["grafana"].Image, "${GRAFANA_VERSION:-", ""), "}", ""))
	m.copy(t, root, "/srv/exopool", "compose.yaml", "examples/compose", "terraform/files/monitoring")
	m.run(t, "sed -i s/^AUTOSCALER_INTERVAL=/AUTOSCALER_INTERVAL=10s/ /srv/exopool/examples/compose/fakecloud.env")

	m.run(t, `cd /srv/exopool && sed -E 's/^(EXOSCALE_(KEY|SECRET|INSTANCEPOOL_ID)|WEBHOOK_TOKEN|GRAFANA_PASSWORD)=$/\1=filled-in/' examples/compose/account.env >account.env`)
	account := m.run(t, "cd /srv/exopool && podman-compose --env-file account.env config 2>/dev/null")
	assert.NotContains(t, account, "${", "all variables have values")
	assert.Contains(t, account, "EXOSCALE_API_ENDPOINT: ''", "that of the zone")

	begin := time.Now()
	m.run(t, compose+"up -d")
	t.Logf("up after %s", time.Since(begin).Round(time.Second))
	containers := "exopool_autoscaler_1 exopool_discovery_1 exopool_prometheus_1 exopool_grafana_1 exopool_fakecloud_1"
	says := func(url, want string) func() bool {
		return func() bool {
			output, code := m.execute(t, nil, "curl -sf "+url)
			return code == 0 && strings.Contains(output, want)
		}
	}
	const (
		asks   = "127.0.0.1:9090/api/v1/query?query="
		admin  = "-u admin:exopool 127.0.0.1:3000/api/"
		answer = `"value":`
	)
	m.await(t, "Grafana", 2*time.Minute, containers, says("127.0.0.1:3000/api/health", "ok"))
	m.await(t, "scrapes of both programs and two members", time.Minute, containers, says("'"+asks+"sum(up)'", `,"5"]`))
	m.await(t, "load of the pool", 2*time.Minute, containers, says(asks+"exopool:cpu:percent", answer))
	m.await(t, "dashboards", time.Minute, containers, says(admin+"dashboards/uid/exopool-pool", `"provisioned":true`))
	m.await(t, "rules that are evaluated", time.Minute, containers, says(admin+"prometheus/grafana/api/v1/rules", "CPU low"))
	m.await(t, "the pool to shrink", 4*time.Minute, containers, func() bool {
		output, _ := m.execute(t, nil, "podman exec exopool_autoscaler_1 /autoscaler why -turns 5")
		return strings.Contains(output, "went from 2 to 1 member")
	})
	for _, name := range []string{"autoscaler", "discovery", "fakecloud"} {
		m.run(t, "podman healthcheck run exopool_"+name+"_1")
	}
	assert.Equal(t, "127.0.0.1:3000 127.0.0.1:8090 127.0.0.1:8091 127.0.0.1:8929 127.0.0.1:9090", m.run(t,
		"ss -Hltn | awk '{print $4}' | grep -E ':(3000|8090|8091|8929|9090)$' | sort | xargs"), "nothing but loopback")

	m.run(t, compose+"down -v")
	assert.Empty(t, m.run(t, "podman ps -aq; podman volume ls -q"), "nothing is left")
}

// pull makes an image of a folder known to podman by a name.
func (m machine) pull(t *testing.T, layout, name string) {
	t.Helper()
	begin := time.Now()
	m.copy(t, layout, "/srv/image", ".")
	m.run(t, "podman tag $(podman pull -q oci:/srv/image) "+name+"; rm -rf /srv/image")
	t.Logf("%s in %s", name, time.Since(begin).Round(10*time.Millisecond))
}

// copy copies files and folders below a folder of this host to one of the machine.
func (m machine) copy(t *testing.T, from, to string, names ...string) {
	t.Helper()
	pack := exec.CommandContext(t.Context(), "tar", append([]string{"-C", from, "-c"}, names...)...)
	reader, writer := io.Pipe()
	pack.Stdout = writer
	require.NoError(t, pack.Start())
	packed := make(chan error, 1)
	go func() {
		packed <- pack.Wait()
		_ = writer.Close() // never fails
	}()
	output, code := m.execute(t, reader, "mkdir -p "+to+" && tar -C "+to+" --no-same-owner -x")
	_ = reader.Close() // never fails
	require.Zero(t, code, output)
	require.NoError(t, <-packed)
}
