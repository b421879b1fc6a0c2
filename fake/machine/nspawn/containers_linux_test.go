package nspawn_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry/imagelayout"
)

// clientImage has nothing but a static program that asks for an address.
func clientImage(t *testing.T) *imageregistry.Image {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("needs the Go tool")
	}
	program := filepath.Join(t.TempDir(), "client")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "./testdata/client")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	dir := filepath.Join(t.TempDir(), "image")
	config := v1.Config{Entrypoint: []string{"/client"}, User: "65534:65534"}
	require.NoError(t, imagelayout.Write(dir, config, imagelayout.Part{From: program, To: "/client"}))
	image, err := imageregistry.Open("quay.io/test/client", dir)
	require.NoError(t, err)
	return image
}

// withEngine is user-data that installs an engine, and lays out an image with the
// certificates that Debian has, those of Mozilla, and with its node exporter.
// Its programs are those of the machine, mounted when it runs.
const withEngine = `#!/bin/sh
set -e
apt-get -q update
apt-get -q -y --no-install-recommends install %s
mkdir -p /srv/image/root/etc/ssl /srv/image/root/usr /srv/image/root/tmp
cd /srv/image/root
cp -a /etc/ssl/certs etc/ssl/
size=$(stat -c %%s etc/ssl/certs/ca-certificates.crt)
added=$(cat /usr/local/share/ca-certificates/*.crt | wc -c)
truncate -s $((size - added)) etc/ssl/certs/ca-certificates.crt
cp -a /etc/passwd /etc/group /etc/nsswitch.conf etc/
cp -a /bin /lib /lib64 .
dpkg-deb -x /var/cache/apt/archives/prometheus-node-exporter_*.deb /srv/exporter
cp /srv/exporter/usr/bin/prometheus-node-exporter exporter
cat > ../Dockerfile <<'EOF'
FROM quay.io/test/client
COPY root/ /
RUN ["/client", "https://quay.io/v2/"]
ENTRYPOINT []
EOF
`

// address is one that answers with a certificate of the machine's authority.
const address = "https://quay.io/v2/"

func TestContainersTrustTheAuthorityAndSeeTheirMachine(t *testing.T) {
	driver, _, log := newDriverWithImages(t, internet{}, clientImage(t))
	k := newKey(t)
	machines := map[string]driverapi.Machine{}
	began := time.Now()
	for i, engine := range []string{"docker", "podman"} {
		packages := engines[engine].packages
		if engine == "docker" {
			packages += " docker-buildx"
		}
		m := instance(driver, i, fmt.Sprintf(withEngine, packages), k.public)
		m.Type = driverapi.InstanceType{Family: "standard", Size: "medium", CPUs: 2, Memory: 4 << 30}
		machines[engine] = m
		start(t, driver, m)
	}
	for engine, m := range machines {
		booted(t, log, m, 1)
		require.NoError(t, driver.Condition(m.ID).Err, engine)
	}
	for engine, m := range machines {
		t.Run(engine, func(t *testing.T) {
			in := inMachine{k, m, engine, began}
			t.Run("trust", in.trust)
			t.Run("build", in.build)
			t.Run("shell", in.shell)
			t.Run("proc", in.proc)
		})
	}
}

// inMachine runs an engine's commands in a machine.
type inMachine struct {
	key     key
	machine driverapi.Machine
	engine  string
	began   time.Time // before it booted
}

func (in inMachine) sudo(t *testing.T, command string) string {
	t.Helper()
	output, err := on(t, in.key, in.machine, "cd /srv/image; sudo -s <<'EOF'\n"+command+"\nEOF")
	require.NoError(t, err, "%s: %s", command, output)
	return output
}

// run returns the command that runs one in a container.
func (in inMachine) run(options string) string {
	return in.engine + " run --rm --net=host " + options + " "
}

func (in inMachine) trust(t *testing.T) {
	for _, options := range []string{"", "--user 0", "--read-only", "--read-only --cap-drop=ALL --user 1234", "--privileged", "--pid=host"} {
		assert.Equal(t, "200", in.sudo(t, in.run("-q "+options)+"quay.io/test/client "+address), options)
	}
	_, err := on(t, in.key, in.machine, "sudo "+in.run("-e SSL_CERT_FILE=/none")+"quay.io/test/client "+address)
	require.Error(t, err, "a user's own choice is kept")
	assert.Contains(t, in.sudo(t, "journalctl -t exopool"), "has no CA certificates")
}

func (in inMachine) build(t *testing.T) {
	flags := ""
	if in.engine == "podman" {
		flags = "--network=host"
	}
	in.sudo(t, in.engine+" build "+flags+" -t built .")
	in.isClean(t, "built")
	if in.engine == "docker" {
		in.sudo(t, "DOCKER_BUILDKIT=0 docker build -t legacy .")
		in.isClean(t, "legacy")
	}
}

// isClean checks that nothing that containers are given stays in an image.
func (in inMachine) isClean(t *testing.T, image string) {
	t.Helper()
	assert.Empty(t, in.sudo(t, in.engine+" image inspect "+image+" | grep -i 'exopool\\|ssl_cert' || true"), "variables do not stay")
	files := in.sudo(t, "id=$("+in.engine+" create "+image+" true) && "+in.engine+" export $id | tar -tv")
	assert.Contains(t, files, "etc/ssl/certs/ca-certificates.crt")
	assert.NotContains(t, files, "exopool")
	for line := range strings.Lines(files) {
		if strings.HasSuffix(strings.TrimSpace(line), ".0") {
			assert.NotEqual(t, "-", line[:1], "a mount point stays in %s: %s", image, line)
		}
	}
}

func (in inMachine) shell(t *testing.T) {
	in.sudo(t, in.engine+" run -d --name sleeper --net=host -v /usr:/usr:ro built sleep 1000")
	for name, command := range map[string]string{
		"curl":           "curl -so /dev/null -w '%{http_code}' " + address,
		"curl's own way": "env -i /usr/bin/curl -so /dev/null -w '%{http_code}' " + address,
		"wget":           "wget -qO- " + address + " >/dev/null && echo 200",
		"python":         `python3 -c 'import urllib.request as r; print(r.urlopen("` + address + `").status)'`,
		"python's own":   `env -i /usr/bin/python3 -c 'import urllib.request as r; print(r.urlopen("` + address + `").status)'`,
		"requests":       `python3 -c 'import requests; print(requests.get("` + address + `").status_code)'`,
		"openssl":        "openssl s_client -verify_return_error -connect quay.io:443 </dev/null >/dev/null 2>&1 && echo 200",
		"go's own way":   "env -i /client " + address,
	} {
		for _, user := range []string{"0", "65534"} {
			assert.Equal(t, "200", in.sudo(t, in.engine+" exec -u "+user+" sleeper "+command), "%s as user %s", name, user)
		}
	}
}

func (in inMachine) proc(t *testing.T) {
	const files = "stat -c '%n %i' /proc/cpuinfo /proc/loadavg /proc/meminfo /proc/stat /proc/uptime"
	want := in.sudo(t, files)
	for _, options := range []string{"", "--pid=host", "--privileged", "--read-only"} {
		assert.Equal(t, want, in.sudo(t, in.run(options+" -v /usr:/usr:ro")+"built "+files), options)
	}
	exporters := map[int]string{
		9201: "--pid=host -v /:/host:ro,rslave|--path.rootfs=/host", // as the course teaches it
		9202: "-v /:/host:ro,rslave|--path.rootfs=/host",
		9203: "--pid=host -v /:/host:ro,rslave|--path.procfs=/host/proc",
	}
	for port, how := range exporters {
		options, flags, _ := strings.Cut(how, "|")
		in.sudo(t, fmt.Sprintf("%s run -d --net=host -v /usr:/usr:ro %s built /exporter --collector.disable-defaults --collector.cpu "+
			"--collector.stat --collector.meminfo --collector.loadavg %s --web.listen-address=:%d", in.engine, options, flags, port))
	}
	before := map[int]map[string]float64{}
	for port := range exporters {
		before[port] = in.scrape(t, port)
	}
	// What the machine is, on a host that may be busy with other things.
	var busyBefore, idleBefore, busyAfter, idleAfter float64
	counted := in.sudo(t, `counters() { awk '/^cpu /{print $2+$3+$4, $5}' /proc/stat; }
		counters; for i in 1 2; do timeout 8 sh -c 'while :; do :; done' & done; wait; counters`)
	_, err := fmt.Sscan(counted, &busyBefore, &idleBefore, &busyAfter, &idleAfter)
	require.NoError(t, err, counted)
	busyMachine := (busyAfter - busyBefore) / (busyAfter - busyBefore + idleAfter - idleBefore)
	for port, how := range exporters {
		was, is := before[port], in.scrape(t, port)
		busy, idle := is["busy"]-was["busy"], is["idle"]-was["idle"]
		t.Logf("%s %s: %.0f %% busy, as the machine with %.0f %%", in.engine, how, 100*busy/(busy+idle), 100*busyMachine)
		assert.InDelta(t, busyMachine, busy/(busy+idle), 0.15, how)
		assert.EqualValues(t, 4<<30, is["node_memory_MemTotal_bytes"], how)
		assert.GreaterOrEqual(t, is["node_boot_time_seconds"], float64(in.began.Unix()), how)
		assert.Greater(t, is["node_load1"], was["node_load1"], how)
	}
}

// scrape returns what a node exporter in the machine says, and its CPU time as
// busy and idle.
func (in inMachine) scrape(t *testing.T, port int) map[string]float64 {
	t.Helper()
	var text []byte
	eventually(t, "the exporter answers", func() bool {
		resp, err := http.Get(fmt.Sprintf("http://%v:%d/metrics", in.machine.Address, port))
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		text, err = io.ReadAll(resp.Body)
		return err == nil
	})
	values := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		number, err := strconv.ParseFloat(value, 64)
		switch {
		case err != nil:
		case strings.HasPrefix(name, "node_cpu_seconds_total") && strings.Contains(name, `mode="idle"`):
			values["idle"] += number
		case strings.HasPrefix(name, "node_cpu_seconds_total"):
			values["busy"] += number
		default:
			values[name] = number
		}
	}
	return values
}
