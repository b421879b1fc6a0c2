package diagnosis_test

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/fake/machine/nspawn/imageregistry"
	"github.com/exopool/exopool/fake/machine/nspawn/template"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/diagnosis"
)

// bootTimeout is how long machines may take, on a host that is busy with others.
const bootTimeout = 3 * time.Minute

// startMachines returns a cloud whose machines boot.
func startMachines(t *testing.T) *fakecloud.Cloud {
	t.Helper()
	if os.Getenv("EXOPOOL_NSPAWN") != "1" {
		t.Skip("boots real machines: set EXOPOOL_NSPAWN=1, as root on Linux")
	}
	configure := func(from fakecloud.DriverConfig) nspawn.Config {
		hosts := map[string]netip.Addr{}
		for _, name := range from.Hosts {
			hosts[name] = netip.Addr{}
		}
		return nspawn.Config{
			Logger: from.Logger, Authority: from.Authority, Hosts: hosts, Speed: 1,
			Prefix: "exodiagnosis", Range: netip.MustParsePrefix("198.18.160.0/20"), Dir: "/var/tmp",
		}
	}
	for _, r := range nspawn.Examine(t.Context(), configure(fakecloud.DriverConfig{Logger: slog.New(slog.DiscardHandler)})) {
		if !r.OK() {
			t.Skipf("machines cannot be booted here: %s: %s; to change that: %s", r.Name, r.Problem, r.Remedy)
		}
	}
	generator, err := imageregistry.LoadGenerator(t.Context())
	require.NoError(t, err)
	cloud, err := fakecloud.Start(t.Context(), fakecloud.Config{
		Speed:  20, // of the API; machines take the time they take
		Images: []*imageregistry.Image{generator},
		Quotas: map[string]int{"network-load-balancer": -1},
		Machines: func(ctx context.Context, from fakecloud.DriverConfig) (fakecloud.Driver, error) {
			return nspawn.New(ctx, configure(from))
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, cloud.Close()) })
	return cloud
}

// A site makes what installations are made of.
type site struct {
	t        *testing.T
	cloud    *fakecloud.Cloud
	template string
	size     string
}

func newSite(t *testing.T, cloud *fakecloud.Cloud) site {
	t.Helper()
	var templates struct{ Templates []struct{ ID, Name string } }
	require.NoError(t, cloud.API().Call(t.Context(), http.MethodGet, "/v2/template?visibility=public", nil, &templates))
	var types struct {
		Types []struct{ ID, Family, Size string } `json:"instance-types"`
	}
	require.NoError(t, cloud.API().Call(t.Context(), http.MethodGet, "/v2/instance-type", nil, &types))
	s := site{t: t, cloud: cloud}
	for _, template := range templates.Templates {
		if strings.Contains(template.Name, "Debian 13") {
			s.template = template.ID
		}
	}
	for _, kind := range types.Types {
		if kind.Family == "standard" && kind.Size == "small" {
			s.size = kind.ID
		}
	}
	return s
}

type object map[string]any

func (s site) make(path string, body object) string {
	s.t.Helper()
	id, err := s.cloud.API().Do(s.t.Context(), http.MethodPost, path, body)
	require.NoError(s.t, err)
	return id
}

// member makes a pool of one behind a load balancer, whose check asks port 8080, and
// a group that opens a port for all.
func (s site) member(name, userData string, open int) {
	s.t.Helper()
	group := s.make("/v2/security-group", object{"name": name})
	s.make("/v2/security-group/"+group+"/rules", object{
		"flow-direction": "ingress", "protocol": "tcp", "network": "0.0.0.0/0", "start-port": open, "end-port": open,
	})
	pool := s.make("/v2/instance-pool", object{
		"name": name, "instance-prefix": name, "size": 1, "disk-size": 10, "template": object{"id": s.template}, "instance-type": object{"id": s.size},
		"security-groups": []object{{"id": group}}, "user-data": base64.StdEncoding.EncodeToString([]byte(userData)),
	})
	balancer := s.make("/v2/load-balancer", object{"name": name})
	s.make("/v2/load-balancer/"+balancer+"/service", object{
		"name": name, "instance-pool": object{"id": pool}, "protocol": "tcp", "strategy": "round-robin", "port": 80, "target-port": 8080,
		"healthcheck": object{"mode": "http", "port": 8080, "uri": "/health", "interval": 5, "timeout": 2, "retries": 1},
	})
}

// diagnosed waits until something final is found, or what is wanted is.
func diagnosed(t *testing.T, cloud *fakecloud.Cloud, name, want string) acceptance.Diagnosis {
	t.Helper()
	var last acceptance.Diagnosis
	require.Eventually(t, func() bool {
		instances := cloud.API().Instances()
		at := slices.IndexFunc(instances, func(i exoapi.InstanceInfo) bool { return strings.HasPrefix(i.Name, name) })
		if at < 0 {
			return false
		}
		// A new one each time, as it would remember for a while what it saw.
		examiner, err := diagnosis.New(diagnosis.Config{Account: cloud.API(), Machines: cloud})
		require.NoError(t, err)
		last = examiner.Diagnose(t.Context(), acceptance.Subject{Machines: []string{instances[at].ID}, Port: 8080, Balancer: true})
		return strings.Contains(last.Cause, want)
	}, bootTimeout, 200*time.Millisecond, "%s: %q is never the cause", name, want)
	t.Logf("%s: %s → %q, final %t", name, last.Cause, last.Hints, last.Final)
	return last
}

const serve = "#!/bin/bash\nmkdir -p /srv/www && cd /srv/www && echo OK > health\n"

func TestMistakesOfRealMachinesAreNamed(t *testing.T) {
	cloud := startMachines(t)
	s := newSite(t, cloud)
	begin := time.Now()
	s.member("broken", "#!/bin/bash\nset -e\necho start\ndocker run -d -p 8080:8080 web\necho never\n", 8080)
	d := diagnosed(t, cloud, "broken", "user-data failed at line 4 of part-001: docker: command not found (exit code 127)")
	t.Logf("broken user-data is known after %s", time.Since(begin).Round(time.Second))
	assert.True(t, d.Final)
	assert.Contains(t, d.Hints[0], "install docker before it is used")

	s.member("elsewhere", serve+"systemd-run python3 -m http.server 8081\n", 8080)
	s.member("closed", serve+"systemd-run --working-directory=/srv/www python3 -m http.server 8080\n", 22)
	s.member("loopback", serve+"systemd-run python3 -m http.server --bind 127.0.0.1 8080\n", 8080)
	s.member("waits", serve+"nosuchcommand\nsleep 1000\n", 8080)
	s.member("path", serve+"rm health; systemd-run --working-directory=/srv/www python3 -m http.server 8080\n", 8080)
	s.member("key", serve+"curl -s https://api-at-vie-1.exoscale.com/v2/instance\nfalse | true\n", 8080)

	d = diagnosed(t, cloud, "elsewhere", "asks port 8080, on which nothing listens; something does on 8081")
	assert.False(t, d.Final)
	d = diagnosed(t, cloud, "closed", "no rule opens port 8080")
	assert.Contains(t, d.Hints[0], "add an ingress rule for TCP 8080 from 0.0.0.0/0 to a group of the machine")
	diagnosed(t, cloud, "loopback", "port 8080 listens on 127.0.0.1 only")
	d = diagnosed(t, cloud, "waits", "its user-data is still at work: sleep 1000")
	assert.False(t, d.Final)
	diagnosed(t, cloud, "path", "/health is answered 404")
	d = diagnosed(t, cloud, "key", "nothing listens on port 8080")
	assert.Contains(t, strings.Join(d.Hints, "\n"), "the API refused 1 of its 1 calls: request is not signed")
}

// TestContainersThatEndAreNamed: the image that is served here is this test program,
// which ends at once.
func TestContainersThatEndAreNamed(t *testing.T) {
	cloud := startMachines(t)
	mirror := template.Mirror(os.DirFS("/etc/apt"))
	if err := template.Reach(t.Context(), template.Config{Mirror: mirror}, template.Default); err != nil {
		t.Skipf("a Debian mirror is needed: %v", err)
	}
	newSite(t, cloud).member("docker", `#!/bin/bash
set -e
apt-get update -q
apt-get install -qy --no-install-recommends docker.io docker-cli iptables
docker run -d --name web --restart=always -p 8080:8080 janoszen/http-load-generator:1.0.1
`, 8080)
	d := diagnosed(t, cloud, "docker", "container web (janoszen/http-load-generator:1.0.1) ends again and again")
	assert.False(t, d.Final)
}
