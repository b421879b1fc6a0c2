package inspection_test

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/nspawn/inspection"
)

const (
	tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 016013C6:0016 01FF13C6:D2A4 01 00000000:00000000 02:000A1B2C 00000000     0        0 3 1 0 20 4 30 10 -1
`
	tcp6 = `  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0 0
   1: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 0 0
`
)

func TestSockets(t *testing.T) {
	assert.Equal(t, []netip.AddrPort{
		netip.MustParseAddrPort("0.0.0.0:22"), netip.MustParseAddrPort("[::]:80"), netip.MustParseAddrPort("127.0.0.1:81"), netip.MustParseAddrPort("127.0.0.1:8080"),
	}, inspection.Sockets(tcp, tcp6), "only those that listen")
}

// The file has the form of what docker 26.1 and podman 5.4 print, with what is read.
func TestContainers(t *testing.T) {
	printed, err := os.ReadFile("testdata/containers.json")
	require.NoError(t, err)
	got := inspection.Containers(string(printed), func(id string, _ int) string {
		return "first\n\nlevel=error msg=\"key EXO0123456789abcdef01234567 refused\" " + id[:1] + "\n"
	})
	assert.Equal(t, []driverapi.Container{
		{
			Name: "web", Image: "janoszen/http-load-generator:1.0.1", State: "running", RestartPolicy: "always",
			Published: []driverapi.Port{{Host: netip.AddrPortFrom(netip.Addr{}, 80), Container: 8080}},
			Log:       []string{`level=error msg="key EXO… refused" a`},
		},
		{
			Name: "prometheus", Image: "prom/prometheus", State: "exited", ExitCode: 2, RestartPolicy: "no", HostNetwork: true,
			Command: []string{"--config.file=/etc/prometheus/prometheus.yml"},
			Mounts:  []driverapi.Mount{{From: "/srv/prometheus.yml", To: "/etc/prometheus/prometheus.yml"}},
			Log:     []string{"first", `level=error msg="key EXO… refused" b`},
		},
		{
			Name: "loadgen", Image: "docker.io/janoszen/http-load-generator:1.0.1", State: "running", Restarts: 7, RestartPolicy: "on-failure",
			Published: []driverapi.Port{{Host: netip.MustParseAddrPort("127.0.0.1:8080"), Container: 8080}},
			Log:       []string{"first", `level=error msg="key EXO… refused" c`},
		},
	}, got)
}

func TestWorkingIsWhatCloudInitHasStarted(t *testing.T) {
	proc := fstest.MapFS{}
	for pid, p := range map[string]struct{ line, children string }{
		"10": {"/sbin/init", "11 12"},
		"11": {"/lib/systemd/systemd-journald", ""},
		"12": {"/usr/bin/python3 /usr/bin/cloud-init modules --mode=final", "13 14"},
		"13": {"/bin/sh -c tee -a /var/log/cloud-init-output.log", "15"},
		"14": {"/bin/bash /var/lib/cloud/instance/scripts/part-001", "16"},
		"16": {"docker run -e SECRET_TOKEN=abc nginx", ""},
	} {
		proc[pid+"/cmdline"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(p.line, " ", "\x00") + "\x00")}
		proc[pid+"/task/"+pid+"/children"] = &fstest.MapFile{Data: []byte(p.children)}
	}
	assert.Equal(t, []string{"/bin/bash /var/lib/cloud/instance/scripts/part-001", "docker run -e SECRET_TOKEN=… nginx"}, inspection.Working(proc, 10))
	assert.Empty(t, inspection.Working(proc, 11), "nothing is left of cloud-init")
	proc["16/task/16/children"] = &fstest.MapFile{Data: []byte("14 12")}
	assert.Less(t, len(inspection.Working(proc, 10)), 2001, "also where it turns in circles")
}

func FuzzContainers(f *testing.F) {
	if printed, err := os.ReadFile("testdata/containers.json"); err == nil {
		f.Add(string(printed))
	}
	f.Add(`[{"Id":"a","HostConfig":{"PortBindings":{"x":[{"HostIP":"::","HostPort":"-1"}]}}}]`)
	f.Fuzz(func(t *testing.T, printed string) {
		for _, c := range inspection.Containers(printed, func(string, int) string { return printed }) {
			for _, text := range append([]string{c.Name, c.Image, c.State}, c.Log...) {
				if strings.ContainsAny(text, "\n\x1b\x00") || len(text) > 1000 {
					t.Errorf("%q", text)
				}
			}
		}
	})
}

func FuzzSockets(f *testing.F) {
	f.Add(tcp, tcp6)
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, at := range inspection.Sockets(a, b) {
			if !at.IsValid() {
				t.Errorf("%v", at)
			}
		}
	})
}
