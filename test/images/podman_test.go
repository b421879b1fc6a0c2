package images_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// start starts the fake cloud with a pool of one member, and both programs in its
// network, because it answers on loopback only. The folder of the targets belongs to
// a user of the host whom the image does not know.
const start = `
install -d -o 1234 -g 1234 /srv/targets
cat >/srv/account.env <<END
EXOSCALE_KEY=EXOcontainer
EXOSCALE_SECRET=wonderful-secret
EXOSCALE_ZONE=at-vie-1
EXOSCALE_INSTANCEPOOL_ID=web
EXOSCALE_API_ENDPOINT=http://127.0.0.1:8929/v2
AUTOSCALER_INTERVAL=2s
AUTOSCALER_POLL=100ms
DISCOVERY_REFRESH=1s
END
run='podman run -d --log-driver k8s-file --read-only --cap-drop all --security-opt no-new-privileges'
$run --name fakecloud -p 8090:8090 -p 8091:8091 -e FAKECLOUD_KEY=EXOcontainer -e FAKECLOUD_SECRET=wonderful-secret \
	ghcr.io/exopool/fakecloud serve -machines process -instant -pool web=1
until podman exec fakecloud /fakecloud healthcheck; do sleep 0.2; done
$run --name autoscaler --network container:fakecloud --env-file /srv/account.env -v state:/var/lib/autoscaler ghcr.io/exopool/autoscaler
podman run -d --log-driver k8s-file --read-only --cap-drop all --cap-add SETUID,SETGID,SETPCAP --name discovery \
	--network container:fakecloud --env-file /srv/account.env -v /srv/targets:/srv/service-discovery ghcr.io/exopool/discovery
`

const all = "discovery autoscaler fakecloud"

func TestReleasedImagesOnMachinesThatBoot(t *testing.T) {
	m := startMachine(t, strings.Fields(all)...)
	t.Log(m.run(t, `podman --version; podman images --format '{{.Repository}} {{.Size}}'`))
	m.run(t, start)

	targets := func() int {
		content, code := m.execute(t, nil, "cat /srv/targets/config.json")
		var groups []struct{ Targets []string }
		if code != 0 || json.Unmarshal([]byte(content), &groups) != nil {
			return 0
		}
		n := 0
		for _, g := range groups {
			n += len(g.Targets)
		}
		return n
	}
	m.await(t, "one member in the file", time.Minute, all, func() bool { return targets() == 1 })
	m.await(t, "answer to a webhook", time.Minute, all, func() bool { return m.post(t, 8090, "/up") == 200 })
	m.await(t, "second member", time.Minute, all, func() bool { return targets() == 2 })
	require.Equal(t, 200, m.post(t, 8090, "/down"))
	m.await(t, "one member again", time.Minute, all, func() bool { return targets() == 1 })

	t.Run("health", func(t *testing.T) {
		for name := range strings.FieldsSeq(all) {
			m.run(t, "podman healthcheck run "+name)
			assert.Equal(t, "healthy", m.run(t, "podman inspect --format '{{.State.Health.Status}}' "+name), name)
		}
		output, code := m.execute(t, nil, "podman exec autoscaler /autoscaler healthcheck -listen-port 1")
		assert.Equal(t, 1, code)
		assert.Contains(t, output, "connection refused")
	})
	t.Run("users", func(t *testing.T) {
		for name, uid := range map[string]string{"autoscaler": "65534", "fakecloud": "65534", "discovery": "1234"} {
			status := m.run(t, "cat /proc/$(podman inspect --format '{{.State.Pid}}' "+name+")/status")
			assert.Regexp(t, `(?m)^Uid:\s+`+uid+`\s+`+uid+`\s`, status, name)
			assert.Regexp(t, `(?m)^CapEff:\s+0+$`, status, name)
			assert.Regexp(t, `(?m)^CapBnd:\s+0+$`, status, name)
		}
		assert.Equal(t, "1234", m.run(t, "stat -c %u /srv/targets/config.json"))
		// Its folder in the image became the volume's.
		assert.Equal(t, "65534 700", m.run(t, "stat -c '%u %a' $(podman volume inspect --format '{{.Mountpoint}}' state)"))
	})
	t.Run("end", func(t *testing.T) {
		for name := range strings.FieldsSeq(all) {
			begin := time.Now()
			m.run(t, "podman stop --time 10 "+name)
			assert.Equal(t, "0", m.run(t, "podman wait "+name), "exit code of %s", name)
			t.Logf("%s stopped in %s", name, time.Since(begin).Round(10*time.Millisecond))
		}
		m.run(t, "for c in "+all+"; do podman rm --volumes $c; podman rmi ghcr.io/exopool/$c; done; podman volume rm state")
		assert.Empty(t, m.run(t, "podman ps -aq; podman volume ls -q; podman images -q"), "nothing is left")
	})
}
