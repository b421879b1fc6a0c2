package monitoring_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// An incident is what happens to a system, by the minute, and when an alert about
// it fires: at some times, and at others not. promtool evaluates recorded series and
// alerts in any order, so that a change needs half a minute to show.
type incident struct {
	series       map[string]string
	quiet, fires []string
}

// ofAutoscaler and ofDiscovery select the metrics of a program.
func ofAutoscaler(name, labels string) string {
	return `exopool_autoscaler_` + name + `{job="autoscaler",instance="127.0.0.1:8090"` + labels + `}`
}

func ofDiscovery(name, labels string) string {
	return `exopool_discovery_` + name + `{job="discovery"` + labels + `}`
}

// incidents returns one for each alert about the system.
func incidents() map[string]incident {
	const member = `up{job="pool",instance="192.0.2.1:9100"}`
	return map[string]incident{
		"Program down": {
			map[string]string{`up{job="autoscaler"}`: "1x10 0x5 1x20", `up{job="discovery"}`: "1x40"},
			[]string{"10m", "11m", "19m"},
			[]string{"13m"},
		},
		"No decision": {
			map[string]string{ofAutoscaler("last_decision_timestamp_seconds", ""): "0+60x10 600x10 1260+60x20", ofAutoscaler("interval_seconds", ""): "60x40"},
			[]string{"12m", "23m"},
			[]string{"15m"},
		},
		"No discovery": {
			map[string]string{ofDiscovery("last_success_timestamp_seconds", ""): "0+60x10 600x10 1260+60x20"},
			[]string{"12m", "23m"},
			[]string{"13m"},
		},
		"Member down": {
			map[string]string{member: "1x40", ofDiscovery("member_healthy", `,instance="192.0.2.1:9100",id="1"`): "1x5 0x10 1x20"},
			[]string{"5m", "10m", "19m"},
			[]string{"12m"},
		},
		"Pool at its maximum": {
			map[string]string{
				"exopool:cpu_at_least:percent": "50x5 90x10 50x20", ofAutoscaler("pool_size", ""): "5x40", ofAutoscaler("pool_size_upper_bound", ""): "5x40",
			},
			[]string{"5m", "10m", "19m"},
			[]string{"12m"},
		},
		"Webhooks refused": {
			map[string]string{ofAutoscaler("webhooks_total", `,direction="up",outcome="refused"`): "0x5 1x30"},
			[]string{"5m", "13m"},
			[]string{"7m"},
		},
		"Webhooks missing": {
			map[string]string{
				"exopool:cpu_at_least:percent": "50x5 10x30", "exopool:cpu_at_most:percent": "50x5 10x30",
				ofAutoscaler("webhooks_total", `,direction="down",outcome="accepted"`): "0x15 1+1x20",
			},
			[]string{"5m", "8m", "19m"},
			[]string{"12m"},
		},
		"Autoscaler paused": {
			map[string]string{ofAutoscaler("pause_start_timestamp_seconds", ""): "0x59 3600x1500 0x60"},
			[]string{"1h30m", "24h50m", "26h10m"},
			[]string{"25h2m"},
		},
		"Second autoscaler": {
			map[string]string{ofAutoscaler("contended", ""): "0x5 1x5 0x20"},
			[]string{"5m", "13m"},
			[]string{"8m"},
		},
		"New members failing": {
			map[string]string{ofAutoscaler("fuse_blown", ""): "0x5 1x5 0x20"},
			[]string{"5m", "13m"},
			[]string{"8m"},
		},
		"Budget nearly spent": {
			map[string]string{ofAutoscaler("budget_saving", ""): "0x5 1x5 0x20"},
			[]string{"5m", "13m"},
			[]string{"8m"},
		},
		"Rolling change stands": {
			map[string]string{ofAutoscaler("rolling_change_halted", ""): "0x5 1x5 0x20"},
			[]string{"5m", "13m"},
			[]string{"8m"},
		},
		"Turns failing": {
			map[string]string{
				ofAutoscaler("decisions_total", `,result="failed",reason="api-error"`): "0x5 1+1x9 10x20",
				ofAutoscaler("decisions_total", `,result="held",reason="no-demand"`):   "0+1x5 5x10 6+1x20",
				ofAutoscaler("api_errors_total", `,call="resize"`):                     "0x40",
			},
			[]string{"8m", "19m"},
			[]string{"13m"},
		},
		// A quota: refused, with turns in between in which nobody asks for more.
		"Resizes failing": {
			map[string]string{
				ofAutoscaler("decisions_total", `,result="failed",reason="refused"`):  "0x5 1 1 2 2 3 3 4 4 5 5 5x30",
				ofAutoscaler("decisions_total", `,result="held",reason="no-demand"`):  "0+1x5 5 6 6 7 7 8 8 9 9 10 11+1x30",
				ofAutoscaler("decisions_total", `,result="resized",reason="step-up"`): "0x40",
				ofAutoscaler("api_errors_total", `,call="resize"`):                    "0x5 1 1 2 2 3 3 4 4 5 5 5x30",
			},
			[]string{"9m", "21m"},
			[]string{"11m", "15m"},
		},
		"No targets": {
			map[string]string{ofAutoscaler("pool_members", ""): "0x5 2x30", member: "_x15 1x20"},
			[]string{"5m", "8m", "19m"},
			[]string{"12m"},
		},
		"Load unknown": {
			map[string]string{member: "1x40", "exopool:cpu_at_least:percent": "_x20 50x20", "exopool:cpu_at_most:percent": "_x20 50x20"},
			[]string{"9m", "22m"},
			[]string{"12m"},
		},
	}
}

func TestEachAlertAboutTheSystemFiresAndEnds(t *testing.T) {
	t.Parallel()
	all := incidents()
	titles := make(map[string]bool)
	for _, rule := range healthRules(t) {
		titles[rule.Title] = true
		assert.Contains(t, all, rule.Title)
	}
	require.Len(t, titles, len(all))
	for title, what := range all {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			requireAlert(t, title, what)
		})
	}
}

func TestEvictionsThatFailAreResizesThatFail(t *testing.T) {
	t.Parallel()
	requireAlert(t, "Resizes failing", incident{
		map[string]string{
			ofAutoscaler("decisions_total", `,result="failed",reason="refused"`):    "0x5 1+1x30",
			ofAutoscaler("decisions_total", `,result="resized",reason="step-down"`): "0x40",
			ofAutoscaler("api_errors_total", `,call="resize"`):                      "0x40",
			ofAutoscaler("api_errors_total", `,call="evict"`):                       "0x5 1+1x30",
		},
		[]string{"7m"},
		[]string{"9m", "20m"},
	})
}

// More of what must not fire, beside the times before and after an incident.
func TestNoAlertAboutTheSystemCriesWolf(t *testing.T) {
	t.Parallel()
	resizes := func(failed, resized, errors string) map[string]string {
		return map[string]string{
			ofAutoscaler("decisions_total", `,result="failed",reason="refused"`):  failed,
			ofAutoscaler("decisions_total", `,result="resized",reason="step-up"`): resized,
			ofAutoscaler("api_errors_total", `,call="resize"`):                    errors,
		}
	}
	for name, what := range map[string]struct {
		title string
		incident
	}{
		"a turn that tries three times is one turn": {
			"Resizes failing", incident{resizes("0x5 1x30", "0x40", "0x5 3x30"), []string{"7m", "12m"}, nil},
		},
		"two turns that fail are not several": {
			"Resizes failing", incident{resizes("0x5 1 2x30", "0x40", "0x5 1 2x30"), []string{"7m", "9m", "12m"}, nil},
		},
		"turns that fail now and then do not matter while others resize": {
			"Resizes failing", incident{resizes("0+1x40", "0+1x40", "0+1x40"), []string{"5m", "10m", "20m"}, nil},
		},
		"turns that cannot read the pool fail otherwise": {
			"Resizes failing", incident{resizes("0+1x40", "0x40", "0x40"), []string{"5m", "10m", "20m"}, nil},
		},
		"an empty pool has no targets": {
			"No targets", incident{map[string]string{ofAutoscaler("pool_members", ""): "0x40"}, []string{"5m", "20m"}, nil},
		},
		"a target that does not answer is a target": {
			"No targets", incident{map[string]string{
				ofAutoscaler("pool_members", ""): "1x40", `up{job="pool",instance="192.0.2.1:9100"}`: "0x40",
			}, []string{"5m", "20m"}, nil},
		},
		"what nobody answers is not unknown load but members that are down": {
			"Load unknown", incident{map[string]string{`up{job="pool",instance="192.0.2.1:9100"}`: "0x40"}, []string{"5m", "20m"}, nil},
		},
		"a pause of some hours is none that was forgotten": {
			"Autoscaler paused", incident{map[string]string{ofAutoscaler("pause_start_timestamp_seconds", ""): "0x59 3600x300 0x60"}, []string{"2h", "6h", "7h"}, nil},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireAlert(t, what.title, what.incident)
		})
	}
}

// requireAlert lets promtool judge when an alert fires, on the rules as they are
// installed where Prometheus evaluates the alerts.
func requireAlert(t *testing.T, title string, what incident) {
	t.Helper()
	type input struct{ Series, Values string }
	type sample struct {
		Labels string
		Value  float64
	}
	type check struct {
		Expr    string
		At      string   `yaml:"eval_time"`
		Samples []sample `yaml:"exp_samples"`
	}
	var series []input
	for name, values := range what.series {
		series = append(series, input{name, values})
	}
	expr := `count(ALERTS{alertname="` + title + `",alertstate="firing"})`
	var checks []check
	for _, at := range what.quiet {
		checks = append(checks, check{expr, at, nil})
	}
	for _, at := range what.fires {
		checks = append(checks, check{expr, at, []sample{{"{}", 1}}})
	}
	root, err := filepath.Abs(prometheusFiles)
	require.NoError(t, err)
	text, err := yaml.Marshal(map[string]any{
		"rule_files":          []string{root + "/rules/limits.yml", root + "/rules/health.yml", root + "/rules-optional/alerts.yml"},
		"evaluation_interval": "30s",
		"tests":               []any{map[string]any{"interval": "1m", "input_series": series, "promql_expr_test": checks}},
	})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "test.yml")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	promtool(t, "test", "rules", path)
}
