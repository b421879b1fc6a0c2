package diagnosis_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/diagnosis"
)

var (
	webAt  = netip.MustParseAddr("198.18.0.1")
	moniAt = netip.MustParseAddr("198.18.0.2")
)

// A world is what the examiner gets to see.
type world struct {
	errors   map[string]string // of instances, by id
	open     []int             // ports of every machine
	narrow   bool              // those are open for one address
	facts    map[string]driverapi.Facts
	problems error // of the health check of web
	callers  map[netip.Addr]exoapi.Caller
	answers  map[string]any // of Prometheus, by query or else by path
	grafana  string         // its metrics
	service  exoapi.ServiceInfo
	inspects int
}

func (w *world) Pools() []exoapi.PoolInfo {
	return []exoapi.PoolInfo{{Size: 1, Members: []string{"web"}}}
}

func (w *world) Instances() []exoapi.InstanceInfo {
	return []exoapi.InstanceInfo{
		{ID: "web", Name: "web", PoolID: "pool", State: "running", Address: webAt, Error: w.errors["web"], SecurityGroups: []string{"members"}},
		{ID: "moni", Name: "monitoring", State: "running", Address: moniAt, Error: w.errors["moni"], SecurityGroups: []string{"default"}},
	}
}

func (w *world) Balancers() []exoapi.BalancerInfo {
	return []exoapi.BalancerInfo{{ID: "nlb", Services: []exoapi.ServiceInfo{w.service}}}
}

func (w *world) Protections() []driverapi.Protection {
	peers := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	if w.narrow {
		peers = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}
	}
	var permits []driverapi.Permit
	for _, port := range w.open {
		permits = append(permits, driverapi.Permit{Protocol: "tcp", FirstPort: port, LastPort: port, Peers: peers})
	}
	return []driverapi.Protection{{MachineID: "web", Ingress: permits}, {MachineID: "moni", Ingress: permits}}
}

func (w *world) Callers() map[netip.Addr]exoapi.Caller { return w.callers }

func (w *world) Inspect(_ context.Context, id string) (driverapi.Facts, error) {
	w.inspects++
	if facts, known := w.facts[id]; known {
		return facts, nil
	}
	return driverapi.Facts{}, errors.ErrUnsupported
}

func (w *world) HealthProblems(string, string) map[string]error {
	if w.problems == nil {
		return nil
	}
	return map[string]error{"web": w.problems}
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.grafana != "" && r.URL.Host == moniAt.String()+":3000" {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(w.grafana))}, nil
	}
	answer, known := w.answers[r.URL.Query().Get("query")]
	if !known {
		answer, known = w.answers[r.URL.Path]
	}
	if !known || r.URL.Host != moniAt.String()+":9090" {
		return nil, fmt.Errorf("connect to %s: connection refused", r.URL.Host)
	}
	body, err := json.Marshal(map[string]any{"status": "success", "data": answer})
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(body)))}, err
}

func diagnose(t *testing.T, w *world, about acceptance.Subject) acceptance.Diagnosis {
	t.Helper()
	e, err := diagnosis.New(diagnosis.Config{Account: w, Machines: w, Transport: w})
	require.NoError(t, err)
	d := e.Diagnose(t.Context(), about)
	assert.LessOrEqual(t, len(d.Hints), 3)
	return d
}

var (
	backends   = acceptance.Subject{Machines: []string{"web"}, Port: 8080, Balancer: true}
	prometheus = acceptance.Subject{Machines: []string{"moni"}, Port: 9090}
	all        = acceptance.Subject{Machines: []string{"moni", "web"}}
)

func listening(ports ...string) (sockets []netip.AddrPort) {
	for _, p := range append(ports, "0.0.0.0:22") {
		sockets = append(sockets, netip.MustParseAddrPort(p))
	}
	return sockets
}

// done is a machine whose user-data is.
func done(edit func(*driverapi.Facts)) map[string]driverapi.Facts {
	facts := driverapi.Facts{On: true, Done: true, DoneSince: time.Minute, Sockets: listening()}
	if edit != nil {
		edit(&facts)
	}
	return map[string]driverapi.Facts{"web": facts, "moni": facts}
}

func service(edit func(*exoapi.ServiceInfo)) exoapi.ServiceInfo {
	s := exoapi.ServiceInfo{ID: "svc", Port: 80, TargetPort: 8080, Healthcheck: driverapi.Healthcheck{Mode: "http", Port: 8080, URI: "/health", Timeout: 3}}
	if edit != nil {
		edit(&s)
	}
	return s
}

func TestCausesAndWhatToDo(t *testing.T) {
	web := func(name string, edit func(*driverapi.Container)) driverapi.Container {
		c := driverapi.Container{Name: name, Image: "web:1", State: "running", Published: []driverapi.Port{{Host: netip.AddrPortFrom(netip.Addr{}, 80), Container: 8080}}}
		if edit != nil {
			edit(&c)
		}
		return c
	}
	for name, c := range map[string]struct {
		world world
		about acceptance.Subject
		cause string
		hint  string // one of them
		final bool
	}{
		"user-data failed": {
			world: world{errors: map[string]string{"web": "user-data failed at line 5 of part-001: E: Unable to locate package dockre.io (exit code 100)"}, facts: done(nil)},
			about: backends, final: true,
			cause: "web: user-data failed at line 5 of part-001: E: Unable to locate package dockre.io (exit code 100)",
			hint:  "check the name of the package dockre.io, and that apt-get update comes before",
		},
		"user-data failed, but what it started answers": {
			world: world{errors: map[string]string{"web": "user-data failed at line 9 of part-001: x: not found"}, open: []int{8080}, facts: done(func(f *driverapi.Facts) { f.Sockets = listening("0.0.0.0:8080") })},
			about: backends, cause: "web: user-data failed at line 9 of part-001: x: not found", hint: "install x before it is used, or correct its name",
		},
		"the machine died": {
			world: world{errors: map[string]string{"web": "machine died: exit status 255"}, open: []int{8080}, facts: map[string]driverapi.Facts{"web": {}}},
			about: backends, final: true, cause: "web: machine died: exit status 255",
		},
		"no docker": {
			world: world{errors: map[string]string{"web": "user-data failed at line 3 of part-001: docker: command not found (exit code 127)"}, facts: done(nil)},
			about: backends, final: true, cause: "web: user-data failed at line 3 of part-001: docker: command not found (exit code 127)",
			hint: "install docker before it is used: apt-get update && apt-get install -y docker.io",
		},
		"user-data failed, after it went on": {
			world: world{facts: done(nil), open: []int{8080}, errors: map[string]string{
				"web": "user-data failed at line 3 of part-001: docker: command not found (exit code 127); it had gone on after an error: E: Unable to locate package docker.oi",
			}},
			about: backends, final: true,
			cause: "web: user-data failed at line 3 of part-001: docker: command not found (exit code 127); it had gone on after an error: E: Unable to locate package docker.oi",
			hint:  "check the name of the package docker.oi, and that apt-get update comes before; begin the script with set -e, so that it stops there",
		},
		"no such image": {
			world: world{facts: done(nil), open: []int{8080}, errors: map[string]string{
				"web": `user-data failed at line 9 of part-001: docker: Error response from daemon: failed to resolve reference "docker.io/me/web:1.0.1": docker.io/me/web:1.0.1: not found (exit code 125)`,
			}},
			about: backends, final: true,
			cause: `web: user-data failed at line 9 of part-001: docker: Error response from daemon: failed to resolve reference "docker.io/me/web:1.0.1": docker.io/me/web:1.0.1: not found (exit code 125)`,
			hint:  "check name and tag of the image; -image NAME=FOLDER serves one that is not public",
		},
		"no set -e": {
			world: world{open: []int{8080}, facts: done(func(f *driverapi.Facts) { f.Complaints = []string{"Error: Unable to locate package docker.io"} })},
			about: backends, cause: "web: the user-data went on after an error: Error: Unable to locate package docker.io",
			hint: "check the name of the package docker.io, and that apt-get update comes before; begin the script with set -e, so that it stops there",
		},
		"docker run without -d": {
			world: world{facts: map[string]driverapi.Facts{"web": {On: true, Working: []string{"/bin/bash /var/lib/cloud/instance/scripts/part-001", "docker run -p 80:80 nginx", "x"}}}, open: []int{8080}},
			about: backends, cause: "web: its user-data is still at work: docker run -p 80:80 nginx",
			hint: "add --detach (-d): without it the script waits until the container ends",
		},
		"debconf": {
			world: world{open: []int{8080}, facts: map[string]driverapi.Facts{"web": {On: true, Working: []string{"x", "whiptail --backtitle Package"}}}},
			about: backends, cause: "web: its user-data is still at work: whiptail --backtitle Package",
			hint: "it waits for an answer: export DEBIAN_FRONTEND=noninteractive before apt-get",
		},
		"debconf that asks nothing": {
			world: world{open: []int{8080}, facts: map[string]driverapi.Facts{"web": {On: true, Working: []string{"apt-get install -y docker.io", "/usr/bin/perl /usr/bin/debconf-set-selections"}}}},
			about: backends, cause: "web: its user-data is still at work: /usr/bin/perl /usr/bin/debconf-set-selections",
			hint: "install less, or wait: packages come over the internet",
		},
		"listens on loopback only": {
			world: world{open: []int{8080}, facts: done(func(f *driverapi.Facts) { f.Sockets = listening("127.0.0.1:8080") })},
			about: backends, cause: "web: port 8080 listens on 127.0.0.1 only", hint: "let the program listen on 0.0.0.0:8080",
		},
		"listens on another port": {
			world: world{open: []int{8080}, facts: done(func(f *driverapi.Facts) { f.Sockets = listening("[::]:80", "0.0.0.0:53") })},
			about: backends, cause: "web: the service's health check asks port 8080, on which nothing listens; something does on 80",
			hint: "let the program listen on port 8080, or ask the port on which it does",
		},
		"published on another port": {
			world: world{open: []int{8080}, facts: done(func(f *driverapi.Facts) { f.Containers = []driverapi.Container{web("app", nil)} })},
			about: backends, cause: "web: the service's health check asks port 8080, on which nothing listens; container app is published on port 80",
			hint: "publish it with -p 8080:8080, or let target_port and healthcheck use 80",
		},
		"published on loopback only": {
			world: world{open: []int{8080}, facts: done(func(f *driverapi.Facts) {
				f.Containers = []driverapi.Container{web("app", func(c *driverapi.Container) { c.Published[0].Host = netip.MustParseAddrPort("127.0.0.1:8080") })}
			})},
			about: backends, cause: "web: container app publishes port 8080 on 127.0.0.1 only", hint: "publish it with -p 8080:8080",
		},
		"container ended": {
			world: world{open: []int{9090}, facts: done(func(f *driverapi.Facts) {
				f.Containers = []driverapi.Container{{
					Name: "prom", Image: "prom/prometheus", State: "exited", ExitCode: 1, RestartPolicy: "no",
					Log: []string{"starting", `level=error err="open /etc/prometheus/prometheus.yml: no such file or directory"`},
				}}
			})},
			about: prometheus,
			cause: `monitoring: container prom (prom/prometheus) has ended with exit code 1: level=error err="open /etc/prometheus/prometheus.yml: no such file or directory"`,
			hint:  "make /etc/prometheus/prometheus.yml before it is used",
		},
		"container ends again and again": {
			world: world{open: []int{9090}, facts: done(func(f *driverapi.Facts) {
				f.Containers = []driverapi.Container{{Name: "prom", Image: "p", State: "restarting", Restarts: 12}}
			})},
			about: prometheus, cause: "monitoring: container prom (p) ends again and again, 12 times until now", hint: "its log says why: docker logs prom",
		},
		"service failed": {
			world: world{open: []int{9090}, facts: done(func(f *driverapi.Facts) { f.FailedUnits = []string{"prometheus.service: parsing flag"} })},
			about: prometheus, cause: "monitoring: the service prometheus.service failed: parsing flag",
			hint: "correct what it says; journalctl -u prometheus.service on the machine says more",
		},
		"service failed without a word": {
			world: world{open: []int{9090}, facts: done(func(f *driverapi.Facts) { f.FailedUnits = []string{"prometheus.service:"} })},
			about: prometheus, cause: "monitoring: the service prometheus.service failed", hint: "journalctl -u prometheus.service on the machine says why",
		},
		"nothing at all": {
			world: world{open: []int{9090}, facts: done(nil)},
			about: prometheus, cause: "monitoring: nothing listens on port 9090", hint: "start the program in the user-data, so that it listens on port 9090 of the machine",
		},
		"missing rule": {
			world: world{open: []int{22}, facts: done(func(f *driverapi.Facts) { f.Sockets = listening("[::]:9090") })},
			about: prometheus, final: true, cause: "no rule opens port 9090 of monitoring (its group is default, with rules for TCP 22)",
			hint: "add an ingress rule for TCP 9090 from 0.0.0.0/0 to a group of the machine",
		},
		"missing rule, before user-data is done": {
			world: world{open: []int{80}, facts: map[string]driverapi.Facts{"web": {On: true, Working: []string{"apt-get install -y nginx"}}}},
			about: backends, final: true, cause: "no rule opens port 8080 of web (its group is members, with rules for TCP 80)",
			hint: "web: its user-data is still at work: apt-get install -y nginx: install less, or wait: packages come over the internet",
		},
		"missing rule, but nothing listens either": {
			world: world{facts: done(func(f *driverapi.Facts) { f.Sockets = listening("[::]:80") })},
			about: backends, final: true, cause: "web: the service's health check asks port 8080, on which nothing listens; something does on 80",
			hint: "no rule opens port 8080 of web (its group is members, without a rule for TCP): add an ingress rule for TCP 8080 from 0.0.0.0/0 to a group of the machine, or let the service and its health check use a port that is open",
		},
		"narrow rule": {
			world: world{open: []int{9090}, narrow: true, facts: done(func(f *driverapi.Facts) { f.Sockets = listening("[::]:9090") })},
			about: prometheus, cause: "port 9090 of monitoring is open for [10.0.0.1/32] only",
			hint: "add an ingress rule for TCP 9090 from 0.0.0.0/0: the checker asks from outside",
		},
		"wrong path of the health check": {
			world: world{
				open: []int{8080}, problems: errors.New("answer 404"), service: service(func(s *exoapi.ServiceInfo) { s.Healthcheck.URI = "/healthz" }),
				facts: done(func(f *driverapi.Facts) { f.Sockets = listening("0.0.0.0:8080") }),
			},
			about: backends, cause: "web: the health check http://198.18.0.1:8080/healthz is answered 404",
			hint: "let the health check's uri be a path that the program answers with 200, such as /health",
		},
		"forwards elsewhere": {
			world: world{
				open: []int{8080}, service: service(func(s *exoapi.ServiceInfo) { s.TargetPort = 80 }),
				facts: done(func(f *driverapi.Facts) { f.Sockets = listening("0.0.0.0:8080") }),
			},
			about: backends, cause: "web: the service forwards to port 80, on which nothing listens; its health check asks port 8080",
			hint: "let target_port and the health check's port be the one on which the program listens",
		},
		"wrong key": {
			world: world{
				open: []int{9090}, facts: done(func(f *driverapi.Facts) { f.Sockets = listening("0.0.0.0:9090") }),
				callers: map[netip.Addr]exoapi.Caller{moniAt: {Calls: 7, Refused: 7, Refusal: "invalid request signature"}},
			},
			about: all, final: true, cause: "monitoring: the API refused 7 of its 7 calls: invalid request signature",
			hint: "give its programs exoscale_key and exoscale_secret as Terraform got them, or a key whose role allows these calls",
		},
		"nothing is known": {world: world{open: []int{8080}}, about: backends},
	} {
		t.Run(name, func(t *testing.T) {
			if c.world.service.ID == "" {
				c.world.service = service(nil)
			}
			d := diagnose(t, &c.world, c.about)
			assert.Equal(t, c.cause, d.Cause)
			assert.Equal(t, c.final, d.Final)
			if c.hint != "" {
				assert.Contains(t, d.Hints, c.hint)
			}
		})
	}
}

func TestMachinesAreNotLookedIntoAtEachQuestion(t *testing.T) {
	w := &world{facts: done(nil), service: service(nil)}
	e, err := diagnosis.New(diagnosis.Config{Account: w, Machines: w, Transport: w})
	require.NoError(t, err)
	for range 3 {
		e.Diagnose(t.Context(), backends)
	}
	assert.Equal(t, 1, w.inspects)
}

func TestMembersWithTheSameMistakeAreNamedOnce(t *testing.T) {
	const failed = "user-data failed at line 3 of part-001: docker: command not found (exit code 127)"
	w := &world{errors: map[string]string{"web": failed, "moni": failed}, facts: done(nil), service: service(nil)}
	d := diagnose(t, w, acceptance.Subject{Machines: []string{"web", "moni"}, Port: 8080})
	assert.Equal(t, []string{"install docker before it is used: apt-get update && apt-get install -y docker.io"}, d.Hints[:1])
	for _, hint := range d.Hints[1:] {
		assert.NotContains(t, hint, "command not found")
	}
}

func TestPullsAreNamedWhereTheyFailed(t *testing.T) {
	w := &world{open: []int{8080}, facts: done(nil), service: service(nil)}
	e, err := diagnosis.New(diagnosis.Config{
		Account: w, Machines: w, Transport: w,
		FailedPulls: func(id string) []string { return map[string][]string{"web": {"me/app:1: not found"}}[id] },
	})
	require.NoError(t, err)
	const pull = "web: an image could not be pulled: me/app:1: not found"
	assert.Contains(t, e.Diagnose(t.Context(), backends).Hints, pull)
	d := e.Diagnose(t.Context(), prometheus)
	assert.NotContains(t, append(d.Hints, d.Cause), pull, "it was another machine")
}

func TestExaminerNeedsWhatItLooksAt(t *testing.T) {
	_, err := diagnosis.New(diagnosis.Config{})
	require.ErrorContains(t, err, "Account and Machines are required")
}
