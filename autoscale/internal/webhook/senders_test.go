package webhook_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale/internal/webhook"
)

const (
	up   = webhook.Up
	down = webhook.Down
)

// Short names of outcomes.
const (
	accepted      = webhook.Accepted
	ignored       = webhook.Ignored
	contradictory = webhook.Contradictory
	malformed     = webhook.Malformed
	unsupported   = webhook.Unsupported
	unlisted      = webhook.Unlisted
)

func TestBodiesOfKnownSenders(t *testing.T) {
	t.Parallel()
	const (
		asJSON = "application/json"
		asText = "text/plain; charset=UTF-8"
		asForm = "application/x-www-form-urlencoded"
	)
	tests := []struct {
		file, contentType string
		up, down          webhook.Outcome
	}{
		{"grafana10-firing-up.json", asJSON, accepted, contradictory},
		{"grafana10-firing-down.json", asJSON, contradictory, accepted},
		{"grafana10-resolved-down.json", asJSON, contradictory, ignored},
		{"grafana10-alerting-because-error.json", asJSON, ignored, ignored},
		{"grafana10-alerting-because-nodata.json", asJSON, ignored, ignored},
		{"grafana10-datasource-error.json", asJSON, ignored, ignored},
		{"grafana10-datasource-nodata.json", asJSON, ignored, ignored},
		{"grafana10-test-notification-api.json", asJSON, ignored, ignored},
		{"grafana13-firing-up.json", asJSON, accepted, contradictory},

		{"legacy-alerting-up.json", asJSON, accepted, contradictory},
		{"legacy-no-data-down.json", asJSON, contradictory, ignored},
		{"legacy-ok-up.json", asJSON, ignored, contradictory},
		{"legacy-paused.json", asJSON, ignored, contradictory},
		{"legacy-pending.json", asJSON, ignored, contradictory},
		{"legacy-test.json", asJSON, ignored, ignored},

		{"alertmanager4-both-directions.json", asJSON, accepted, accepted},
		{"alertmanager4-firing-down.json", asJSON, contradictory, accepted},
		{"alertmanager4-firing-up.json", asJSON, accepted, contradictory},
		{"alertmanager4-label-alone-down.json", asJSON, contradictory, accepted},
		{"alertmanager4-mixed-up.json", asJSON, accepted, contradictory},
		{"alertmanager4-resolved-up.json", asJSON, ignored, contradictory},
		{"alertmanager4-slowdown.json", asJSON, accepted, accepted},
		{"alertmanager4-watchdog.json", asJSON, ignored, ignored},

		{"zabbix-problem.json", asJSON, accepted, accepted},
		{"zabbix-problem-numbers.json", asJSON, accepted, accepted},
		{"zabbix-resolved.json", asJSON, ignored, ignored},
		{"zabbix-resolved.json", asForm, ignored, ignored}, // a script that sets no type
		{"zabbix-resolved-problem-event.json", asJSON, ignored, ignored},
		{"zabbix-resolved-value.json", asJSON, ignored, ignored},
		{"zabbix-status-ok.json", asJSON, ignored, ignored},
		{"zabbix-status-resolved.json", asJSON, ignored, ignored},
		{"zabbix-test.json", asJSON, ignored, ignored},
		{"zabbix-update.json", asJSON, ignored, ignored},

		{"uptime-kuma-down.json", asJSON, accepted, accepted},
		{"uptime-kuma-maintenance.json", asJSON, ignored, ignored},
		{"uptime-kuma-pending.json", asJSON, ignored, ignored},
		{"uptime-kuma-test.json", asJSON, ignored, ignored},
		{"uptime-kuma-up.json", asJSON, ignored, ignored},

		{"datadog-camel-case-recovered.json", asJSON, ignored, ignored},
		{"datadog-default-recovered.json", asJSON, ignored, ignored},
		{"datadog-default-triggered.json", asJSON, accepted, accepted},
		{"datadog-form-recovered.txt", asForm, ignored, ignored},
		{"datadog-no-data.json", asJSON, ignored, ignored},
		{"datadog-re-triggered.json", asJSON, accepted, accepted},
		{"datadog-recovered.json", asJSON, ignored, ignored},
		{"datadog-renotify.json", asJSON, accepted, accepted},
		{"datadog-triggered.json", asJSON, accepted, accepted},
		{"datadog-warn.json", asJSON, accepted, accepted},

		{"cloudwatch-eventbridge-alarm.json", asText, accepted, accepted},
		{"cloudwatch-eventbridge-ok.json", asText, ignored, ignored},
		{"cloudwatch-raw-alarm.json", asText, accepted, accepted},
		{"cloudwatch-raw-ok.json", asText, ignored, ignored},
		{"cloudwatch-sns-alarm.json", asText, accepted, accepted},
		{"cloudwatch-sns-insufficient-data.json", asText, ignored, ignored},
		{"cloudwatch-sns-ok.json", asText, ignored, ignored},
		{"sns-subscription-confirmation.json", asText, ignored, ignored},
		{"sns-text.json", asText, accepted, accepted},
		{"sns-unsubscribe-confirmation.json", asText, ignored, ignored},

		{"gcp-closed.json", asJSON, ignored, ignored},
		{"gcp-open.json", asJSON, accepted, accepted},
		{"gcp-open-label-down.json", asJSON, contradictory, accepted},
		{"gcp-test.json", asJSON, ignored, ignored},

		{"kibana-fired.json", asJSON, accepted, accepted},
		{"kibana-flat-recovered.json", asJSON, ignored, ignored},
		{"kibana-group-recovered.json", asJSON, ignored, ignored},
		{"kibana-no-data.json", asJSON, ignored, ignored},
		{"kibana-recovered.json", asForm, ignored, ignored}, // a connector without a header

		{"netdata-agent-clear.json", asForm, ignored, ignored}, // curl -d
		{"netdata-agent-critical.json", asForm, accepted, accepted},
		{"netdata-agent-removed.json", asForm, ignored, ignored},
		{"netdata-agent-warning.json", asForm, accepted, accepted},
		{"netdata-cloud-clear.json", asJSON, ignored, ignored},
		{"netdata-cloud-critical.json", asJSON, accepted, accepted},
		{"netdata-cloud-reachable.json", asJSON, ignored, ignored},
		{"netdata-cloud-unreachable.json", asJSON, accepted, accepted},

		{"other-closed.json", asJSON, ignored, ignored},
		{"other-unknown.json", asJSON, accepted, accepted},
		{"html-page.html", "text/html; charset=utf-8", unsupported, unsupported},
		{"html-page.html", asText, unsupported, unsupported},
		{"html-page.html", "", unsupported, unsupported},
		{"html-page.html", asJSON, malformed, malformed},
	}
	files, err := filepath.Glob("testdata/payloads/*.[jth]*")
	require.NoError(t, err)
	tried := map[string]bool{}
	for _, tt := range tests {
		tried[filepath.Join("testdata/payloads", tt.file)] = true
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(filepath.Join("testdata/payloads", tt.file))
			require.NoError(t, err)
			for path, want := range map[string]webhook.Outcome{"/up": tt.up, "/down": tt.down} {
				got := outcomeOf(t, nil, post(path, tt.contentType, string(body)))
				assert.Equal(t, want, got, "%s as %q", path, tt.contentType)
			}
		})
	}
	for _, file := range files {
		assert.True(t, tried[file], "%s is tried", file)
	}
}

// Uptime Kuma, for one, puts its message into the address when it sends by GET.
func TestAMessageInTheAddressIsReadLikeOneInTheBody(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]webhook.Outcome{
		"":                                       accepted,
		"token=x":                                accepted,
		"heartbeat=%7B%22status%22%3A0%7D&msg=x": accepted, // Uptime Kuma by GET
		"heartbeat=%7B%22status%22%3A1%7D&msg=x": ignored,
		"status=resolved":                        ignored,
		"autoscale=down":                         contradictory,
		"autoscale=up":                           accepted,
		"%zz":                                    accepted,
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r := post("/up?"+query, "", "")
			r.Method = method
			assert.Equal(t, want, outcomeOf(t, nil, r), "%s %s", method, query)
		}
	}
}

func TestCompressedBodiesAreUnsupported(t *testing.T) {
	t.Parallel()
	r := post("/up", "application/json", "{}")
	r.Header.Set("Content-Encoding", "gzip")
	assert.Equal(t, unsupported, outcomeOf(t, nil, r))
}

func TestWhereAlertsAreListedOthersAreRefused(t *testing.T) {
	t.Parallel()
	listed := map[string][]string{up: {"CPU high", "Pool is busy"}, down: {"CPU low"}}
	for _, tt := range []struct {
		rule, path, body string
		want             webhook.Outcome
	}{
		{"nothing", "/up", "", unlisted},
		{"text", "/up", "CPU high", unlisted},
		{"no name", "/up", `{"status":"firing"}`, unlisted},
		{"a listed name", "/up", `{"status":"firing","alerts":[{"status":"firing","labels":{"alertname":"CPU high"}}]}`, accepted},
		{"another listed name, in another case", "/up", `{"AlarmName":"POOL is busy","NewStateValue":"ALARM"}`, accepted},
		{"a part of a listed name", "/up", `{"alertname":"Pool is"}`, unlisted},
		{"more than a listed name", "/up", `{"alertname":"Pool is busy, maybe"}`, unlisted},
		{"a name of the other path that has no direction", "/down", `{"alertname":"Pool is busy"}`, unlisted},
		{"a name of the other path that has one", "/down", `{"alertname":"CPU high"}`, contradictory},
		{"the end of a listed alert", "/down", `{"alertname":"CPU low","status":"resolved"}`, ignored},
		{"a listed alert among others", "/down", `{"alerts":[{"labels":{"alertname":"x"}},{"labels":{"alertname":"CPU low"}}]}`, accepted},
		{"a listed alert that is over among others", "/down", `{"alerts":[{"labels":{"alertname":"x"}},{"status":"resolved","labels":{"alertname":"CPU low"}}]}`, unlisted},
		{"a name that all alerts have", "/down", `{"alerts":[{},{}],"commonLabels":{"alertname":"CPU low"}}`, accepted},
		{"a name in the address", "/up?alertname=CPU+high", "", accepted},
		{"a name in a field that holds none", "/up", `{"summary":"CPU high"}`, unlisted},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, outcomeOf(t, listed, post(tt.path, "", tt.body)))
		})
	}
	nothing := map[string][]string{up: {"CPU high"}}
	assert.Equal(t, unlisted, outcomeOf(t, nothing, post("/down", "", `{"alertname":"CPU low"}`)), "a direction without names has none that count")
}

// TestHostileBodiesTakeLittleMemory is not parallel, as it counts what is allocated.
func TestHostileBodiesTakeLittleMemory(t *testing.T) { //nolint:paralleltest // see above
	const size = 64 << 10
	fill := func(text string) string { return strings.Repeat(text, size/len(text)) }
	bodies := map[string]string{
		"lists in lists":            fill("["),
		"objects in objects":        fill(`{"alerts":`),
		"whole lists in lists":      fill("[")[:size/2] + fill("]")[:size/2],
		"objects in known objects":  strings.Repeat(`{"detail":{"state":`, 1500) + "1" + strings.Repeat("}}", 1500),
		"many alerts":               `{"alerts":[` + strings.Repeat("{},", size/3-8) + `{}]}`,
		"many small alerts":         `{"alerts":[` + strings.Repeat("0,", size/2-8) + `0]}`,
		"many lists of alerts":      `{` + strings.Repeat(`"alerts":[{}],`, size/14-1) + `"a":0}`,
		"one field again and again": `{` + strings.Repeat(`"status":"x",`, size/13-1) + `"a":0}`,
		"one object again":          `{` + strings.Repeat(`"labels":{},`, size/12-1) + `"a":0}`,
		"long name":                 `{"` + fill("a") + `":{"` + fill("b") + `":1}}`,
		"long value":                `{"status":"` + fill("_") + `"}`,
		"long number":               `{"heartbeat":{"status":` + fill("1") + `}}`,
		"long text":                 fill("ok "),
		"long form":                 fill("status=x&"),
		"fields without names":      fill("&"),
		"messages in messages":      messages(14),
	}
	for name, body := range bodies {
		for _, contentType := range []string{"application/json", "application/x-www-form-urlencoded"} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			read(t, nil, post("/up", contentType, body))
			runtime.ReadMemStats(&after)
			used := after.TotalAlloc - before.TotalAlloc
			t.Logf("%s as %s: %d KiB", name, contentType, used>>10)
			assert.Less(t, used, uint64(16<<20), "%s as %s", name, contentType)
		}
	}
}

// messages returns a message in a message, and so on: each level of quotes
// doubles the marks of the one before.
func messages(levels int) string {
	body := `{"status":"resolved"}`
	for range levels {
		wrapped, err := json.Marshal(map[string]string{"Message": body})
		if err != nil || len(wrapped) > 64<<10 {
			return body
		}
		body = string(wrapped)
	}
	return body
}
