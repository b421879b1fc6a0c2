package diagnosis_test

import (
	"maps"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/diagnosis"
)

const (
	hasMetric = "count by (instance) (node_cpu_seconds_total)"
	hasRate   = "count by (instance) (rate(node_cpu_seconds_total[1m]))"
)

// A scraped is a target, as Prometheus describes it.
type scraped struct{ address, instance, reason, interval string }

// targets returns what Prometheus answers about targets, beside its own.
func targets(all ...scraped) map[string]any {
	list := []any{map[string]any{
		"discoveredLabels": map[string]string{"__address__": "localhost:9090"}, "labels": map[string]string{"instance": "localhost:9090"}, "health": "up",
	}}
	for _, s := range all {
		health := "up"
		if s.reason != "" {
			health = "down"
		}
		list = append(list, map[string]any{
			"discoveredLabels": map[string]string{"__address__": s.address}, "labels": map[string]string{"instance": s.instance},
			"health": health, "lastError": s.reason, "scrapeInterval": s.interval,
		})
	}
	return map[string]any{"/api/v1/targets": map[string]any{"activeTargets": list}}
}

// at is a target that is as it should be, but for what the caller says.
func at(port, reason string) scraped {
	return scraped{webAt.String() + ":" + port, webAt.String() + ":" + port, reason, "15s"}
}

// with adds answers.
func with(answers map[string]any, more ...map[string]any) map[string]any {
	for _, m := range more {
		maps.Copy(answers, m)
	}
	return answers
}

// results is what Prometheus answers to a query.
func results(query, instance, value string) map[string]any {
	return map[string]any{query: map[string]any{"result": []any{map[string]any{"metric": map[string]string{"instance": instance}, "value": []any{1, value}}}}}
}

func nothing(query string) map[string]any {
	return map[string]any{query: map[string]any{"result": []any{}}}
}

// healthy is what a Prometheus answers that has all it needs, with the load.
func healthy() map[string]any {
	return with(targets(at("9100", "")), results(hasMetric, "198.18.0.1:9100", "8"), results(hasRate, "198.18.0.1:9100", "8"), results(diagnosis.AverageQuery, "", "97.4"))
}

func config(yaml string) map[string]any {
	return map[string]any{"/api/v1/status/config": map[string]string{"yaml": yaml}}
}

const fromFile = "scrape_configs:\n- job_name: x\n  file_sd_configs:\n  - files:\n    - /sd/config.json\n"

func TestCausesInMonitoring(t *testing.T) {
	growth := all
	growth.Growth = true
	calls := func(operations map[string]int) map[netip.Addr]exoapi.Caller {
		return map[netip.Addr]exoapi.Caller{moniAt: {Calls: 70, Operations: operations}}
	}
	calling := calls(map[string]int{"get-instance-pool": 70})
	reading := func(mounts ...driverapi.Mount) map[string]driverapi.Facts {
		return done(func(f *driverapi.Facts) {
			f.Containers = []driverapi.Container{{Name: "prom", Image: "prom/prometheus:v3", State: "running", HostNetwork: true, Mounts: mounts}}
		})
	}
	grafana := func(name string) string {
		text, err := os.ReadFile("testdata/grafana-" + name + ".txt")
		require.NoError(t, err)
		return string(text)
	}
	const start = "start the node exporter on port 9200 of the members, or let the discovery's TARGET_PORT be its port"
	for name, c := range map[string]struct {
		world world
		about acceptance.Subject
		cause string
		hint  string // one of them
		final bool
	}{
		"no targets": {
			world: world{facts: done(nil), callers: calling, answers: with(targets(), config(fromFile))},
			about: all, cause: "Prometheus has no target for the member 198.18.0.1",
			hint: "let the discovery write /sd/config.json as Prometheus sees it: mount the same folder (not the file, which is replaced) into both containers",
		},
		"other targets": {
			world: world{facts: done(nil), callers: calling, answers: with(targets(scraped{"10.0.0.1:9100", "10.0.0.1:9100", "", ""}), config("scrape_configs:\n- static_configs: []\n"))},
			about: all, cause: "Prometheus has no target for the member 198.18.0.1; it has 10.0.0.1:9100",
			hint: "configure file_sd_configs with the file that the discovery writes: its targets are fixed",
		},
		"no mount": {
			world: world{facts: reading(driverapi.Mount{From: "/srv/prometheus.yml", To: "/etc/prometheus/prometheus.yml"}), callers: calling, answers: with(targets(), config(fromFile))},
			about: all, cause: "Prometheus has no target for the member 198.18.0.1",
			hint: "mount the folder that the discovery writes to into container prom: it reads /sd/config.json, and nothing is mounted there",
		},
		"a mount of the file": {
			world: world{facts: reading(driverapi.Mount{From: "/srv/sd/config.json", To: "/sd/config.json"}), callers: calling, answers: with(targets(), config(fromFile))},
			about: all, cause: "Prometheus has no target for the member 198.18.0.1",
			hint: "mount the folder of /srv/sd/config.json into container prom, not the file: the discovery replaces it, and the container keeps the old one",
		},
		"a file that nobody writes": {
			world: world{facts: reading(driverapi.Mount{From: "/srv/sd", To: "/sd"}), callers: calling, answers: with(targets(), config(fromFile))},
			about: all, cause: "Prometheus has no target for the member 198.18.0.1",
			hint: "let the discovery write /srv/sd/config.json of the machine: container prom reads it, as /sd/config.json",
		},
		"no targets, as nothing calls the API": {
			world: world{facts: done(nil), answers: with(targets(), config(fromFile))},
			about: all, cause: "monitoring: it has never called the API: neither discovery nor autoscaler does anything there",
		},
		"no targets, as a container ended": {
			world: world{answers: with(targets(), config(fromFile)), facts: done(func(f *driverapi.Facts) {
				f.Containers = []driverapi.Container{{Name: "sd", Image: "me/sd", State: "restarting", Restarts: 12, Log: []string{"panic: no EXOSCALE_KEY"}}}
				f.FailedUnits = []string{"ubuntu-fan.service: nothing to do"}
			})},
			about: all, cause: "monitoring: container sd (me/sd) ends again and again, 12 times until now: panic: no EXOSCALE_KEY",
		},
		"no targets, as the key is wrong": {
			world: world{
				facts: done(nil), answers: with(targets(), config(fromFile)),
				callers: map[netip.Addr]exoapi.Caller{moniAt: {Calls: 7, Refused: 7, Refusal: "invalid request signature"}},
			},
			about: all, final: true, cause: "monitoring: the API refused 7 of its 7 calls: invalid request signature",
		},
		"no targets, as the role allows too little": {
			world: world{
				facts: done(nil), answers: with(targets(), config(fromFile)),
				callers: map[netip.Addr]exoapi.Caller{moniAt: {Calls: 14, Refused: 7, Refusal: "forbidden by role policy"}},
			},
			about: all, cause: "monitoring: the API refused 7 of its 14 calls: forbidden by role policy",
		},
		"no rule for the exporter": {
			world: world{facts: done(nil), open: []int{8080}, answers: targets(at("9100", "context deadline exceeded"))},
			about: all, final: true, cause: "Prometheus cannot scrape 198.18.0.1:9100: no rule opens port 9100 of web (its group is members, with rules for TCP 8080)",
			hint: "add an ingress rule for TCP 9100 to the members' security group, from the group of the monitoring machine",
		},
		"a rule for others": {
			world: world{facts: done(nil), open: []int{9100}, narrow: true, answers: targets(at("9100", "context deadline exceeded"))},
			about: all, final: true,
			cause: "Prometheus cannot scrape 198.18.0.1:9100: port 9100 of web is open for [10.0.0.1/32] only, not for monitoring at 198.18.0.2",
		},
		"no rule for another exporter": {
			world: world{facts: done(nil), open: []int{9100}, answers: targets(at("8081", "context deadline exceeded"), at("9100", "EOF"))},
			about: all, cause: "Prometheus cannot scrape 198.18.0.1:8081: no rule opens port 8081 of web (its group is members, with rules for TCP 9100)",
		},
		"exporter is slow": {
			world: world{facts: done(nil), open: []int{9100}, answers: targets(at("9100", "context deadline exceeded"))},
			about: all, cause: "Prometheus cannot scrape 198.18.0.1:9100: context deadline exceeded",
			hint: "look whether the exporter on port 9100 of the member answers in time",
		},
		"exporter on another port": {
			world: world{facts: done(func(f *driverapi.Facts) { f.Sockets = listening("0.0.0.0:9100") }), open: []int{9200}, answers: targets(at("9200", "connection refused"))},
			about: all, cause: "Prometheus cannot scrape 198.18.0.1:9200: connection refused; programs of the member listen on 9100", hint: start,
		},
		"exporter that publishes nothing": {
			world: world{open: []int{9200}, answers: targets(at("9200", "connection refused")), facts: done(func(f *driverapi.Facts) {
				f.Containers = []driverapi.Container{{Name: "ne", Image: "node-exporter", State: "running"}}
			})},
			about: all, cause: "Prometheus cannot scrape 198.18.0.1:9200: connection refused; container ne (node-exporter) publishes no port",
			hint: "publish the port of the node exporter, -p 9200:9100, or give it the machine's network, --net=host",
		},
		"wrong label": {
			world: world{facts: done(nil), open: []int{9100}, answers: targets(scraped{"198.18.0.1:9100", "member-1", "", ""})},
			about: all, cause: `Prometheus gives 198.18.0.1:9100 the label instance="member-1"`,
			hint: "leave the label instance as it is, IP:PORT: remove the relabelling or the label from the targets file",
		},
		"one good target is enough": {
			world: world{facts: done(nil), answers: with(targets(at("8081", "connection refused"), at("9100", "")), results(hasMetric, "198.18.0.1:9100", "8"), results(hasRate, "198.18.0.1:9100", "8"))},
			about: all,
		},
		"no node exporter": {
			world: world{facts: done(nil), answers: with(targets(at("8080", "")), nothing(hasMetric), nothing(hasRate))},
			about: all, cause: "Prometheus scrapes 198.18.0.1:8080, which has no metric node_cpu_seconds_total",
			hint: "let it be a node exporter with the collector cpu, and do not drop its metrics",
		},
		"scraped each minute": {
			world: world{facts: done(nil), answers: with(targets(scraped{"198.18.0.1:9100", "198.18.0.1:9100", "", "1m"}), results(hasMetric, "198.18.0.1:9100", "8"), nothing(hasRate))},
			about: all, cause: "Prometheus scrapes 198.18.0.1:9100 every 1m0s, but a rate over 1m needs two values in that time",
			hint: "set scrape_interval to 15s or less",
		},
		"all is well but for the size": {world: world{facts: done(nil), answers: healthy()}, about: all},
		"no program calls the API": {
			world: world{facts: done(nil), answers: healthy()},
			about: growth, cause: "monitoring: it has never called the API: neither discovery nor autoscaler does anything there",
			hint: "start them there, and do not fix the API's address; a container needs the machine's certificates and DNS",
		},
		"no webhook": {
			world: world{facts: done(nil), callers: calling, answers: healthy()},
			about: growth, cause: "monitoring: it calls the API, but has never resized the pool: its autoscaler got no webhook, at an average CPU use of 97 %",
			hint: "let Grafana's alert above 80 % post to http://AUTOSCALER:LISTEN_PORT/up as seen from Grafana's container (not localhost), evaluated each minute or more often",
		},
		"resized before": {world: world{facts: done(nil), callers: calls(map[string]int{"scale-instance-pool": 1}), answers: healthy()}, about: growth},
		"no alert rule": {
			world: world{facts: done(nil), callers: calling, answers: with(healthy(), map[string]any{"/api/v1/rules": map[string]any{"groups": []any{}}}), grafana: grafana("empty")},
			about: growth, cause: "monitoring: Grafana has no alert rule, so that the autoscaler got no webhook",
			hint: "give it one by provisioning: a folder mounted at /etc/grafana/provisioning/alerting",
		},
		"Prometheus' own alerts": {
			world: world{facts: done(nil), callers: calling, grafana: grafana("empty"), answers: with(healthy(), map[string]any{
				"/api/v1/rules": map[string]any{"groups": []any{map[string]any{"rules": []any{map[string]string{"type": "alerting"}}}}},
			})},
			about: growth, cause: "monitoring: it calls the API, but has never resized the pool: its autoscaler got no webhook, at an average CPU use of 97 %",
		},
		"no alert fires": {
			world: world{facts: done(nil), callers: calls(map[string]int{"scale-instance-pool": 1}), answers: healthy(), grafana: grafana("idle")},
			about: growth, cause: "monitoring: none of Grafana's 2 alert rules fires, at an average CPU use of 97 %, so that the autoscaler got no webhook",
			hint: "compare the limit of the rule with what its query gives: 0.8 for a ratio, 80 for percent; it has to fire within 2 minutes, and " +
				"let Grafana's alert above 80 % post to http://AUTOSCALER:LISTEN_PORT/up as seen from Grafana's container (not localhost), evaluated each minute or more often",
		},
		"too little load": {
			world: world{facts: done(nil), callers: calling, answers: with(healthy(), results(diagnosis.AverageQuery, "", "69.1")), grafana: grafana("idle")},
			about: growth, cause: "monitoring: none of Grafana's 2 alert rules fires, at an average CPU use of 69 %: the clients do not load the members enough",
			hint: "rehearse on a host with less other work",
		},
		"rules that cannot be evaluated": {
			world: world{facts: done(nil), callers: calling, answers: healthy(), grafana: grafana("failing")},
			about: growth, cause: "monitoring: Grafana could not evaluate its alert rules, so that the autoscaler got no webhook",
			hint: "correct the query of the rule, and address and uid of its data source: Prometheus as seen from Grafana's container",
		},
		"webhooks to nobody": {
			world: world{callers: calling, answers: healthy(), grafana: grafana("undelivered"), facts: done(func(f *driverapi.Facts) {
				f.Containers = []driverapi.Container{{Name: "grafana", Image: "grafana/grafana", State: "running", Log: []string{
					`level=error msg="Notify for alerts failed" err="up/webhook[0]: notify retry canceled due to unrecoverable error after 1 attempts: Post \"http://localhost:8090/up\": dial tcp [::1]:8090: conn…`,
				}}}
			})},
			about: growth,
			cause: `monitoring: Grafana could not deliver 8 of 8 webhooks, so that the autoscaler got no webhook: Post "http://localhost:8090/up": dial tcp [::1]:8090: conn…`,
		},
		"no webhook sent": {
			world: world{facts: done(nil), callers: calling, answers: healthy(), grafana: grafana("email")},
			about: growth, cause: "monitoring: Grafana's alert fires, at an average CPU use of 97 %, but it sent no webhook",
		},
		"webhooks that change nothing": {
			world: world{facts: done(nil), callers: calling, answers: healthy(), grafana: grafana("delivered")},
			about: growth, cause: "monitoring: Grafana's alert fires, at an average CPU use of 97 %, and 8 webhooks were delivered, but the pool does not grow",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.world.service = service(nil)
			d := diagnose(t, &c.world, c.about)
			assert.Equal(t, c.cause, d.Cause)
			assert.Equal(t, c.final, d.Final)
			if c.hint != "" {
				assert.Contains(t, d.Hints, c.hint)
			}
		})
	}
}

func TestMistrustIsNamed(t *testing.T) {
	w := &world{facts: done(nil), service: service(nil), answers: with(targets(), config(fromFile))}
	e, err := diagnosis.New(diagnosis.Config{
		Account: w, Machines: w, Transport: w, Untrusting: func() []string { return []string{"api-at-vie-1.exoscale.com"} },
	})
	require.NoError(t, err)
	assert.Equal(t, "a program connected to api-at-vie-1.exoscale.com and does not trust its certificate", e.Diagnose(t.Context(), all).Cause)
}

func FuzzGrafanaMetrics(f *testing.F) {
	for _, name := range []string{"empty", "idle", "undelivered"} {
		text, err := os.ReadFile("testdata/grafana-" + name + ".txt")
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Add("grafana_alerting_alerts NaN\n")
	f.Fuzz(func(t *testing.T, text string) {
		w := &world{
			facts: done(nil), service: service(nil), answers: healthy(), grafana: text,
			callers: map[netip.Addr]exoapi.Caller{moniAt: {Calls: 1}},
		}
		about := all
		about.Growth = true
		assert.NotEmpty(t, diagnose(t, w, about).Cause)
	})
}
