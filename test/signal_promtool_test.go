package test_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/exopool/exopool/terraform/templates"
)

// A promSeries is a series in promtool's notation.
type promSeries struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

// A promCheck is what a query has to return at a time.
type promCheck struct {
	Expr    string       `yaml:"expr"`
	At      string       `yaml:"eval_time"`
	Samples []promSample `yaml:"exp_samples,omitempty"`
}

type promSample struct {
	Labels string  `yaml:"labels"`
	Value  float64 `yaml:"value"`
}

// percentAt expects of a recorded series the one value, rounded.
func percentAt(at, name string, percent float64) promCheck {
	return promCheck{"round(" + name + ")", at, []promSample{{"{}", percent}}}
}

func averageAt(at string, percent float64) promCheck {
	return percentAt(at, "exopool:cpu:percent", percent)
}

func noAverageAt(at string) promCheck {
	return promCheck{Expr: `{__name__=~"exopool:cpu(_at_least|_at_most)?:percent"}`, At: at}
}

func cpuOf(instance, busy, idle string) []promSeries {
	return []promSeries{modeOf(instance, "user", busy), modeOf(instance, "idle", idle)}
}

func modeOf(instance, mode, values string) promSeries {
	return promSeries{fmt.Sprintf(`node_cpu_seconds_total{job="pool",instance=%q,cpu="0",mode=%q}`, instance, mode), values}
}

func upOf(instance, values string) promSeries {
	return promSeries{fmt.Sprintf(`up{job="pool",instance=%q}`, instance), values}
}

func healthyOf(instance, id, values string) promSeries {
	return promSeries{fmt.Sprintf(`exopool_discovery_member_healthy{job="discovery",pool="web",instance=%q,id=%q}`, instance, id), values}
}

func createdOf(instance, id, values string) promSeries {
	return promSeries{fmt.Sprintf(`exopool_discovery_member_created_timestamp_seconds{job="discovery",pool="web",instance=%q,id=%q}`, instance, id), values}
}

// healthRead is when discovery last read the health of members. Unix time begins
// with the test.
func healthRead(values string) promSeries {
	return promSeries{`exopool_discovery_health_last_success_timestamp_seconds{job="discovery",instance="127.0.0.1:8091"}`, values}
}

// promtool runs promtool, which must be content.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is missing; Debian has it in the package prometheus")
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	require.NoError(t, err, "promtool %s:\n%s", strings.Join(args, " "), out)
}

// runRules evaluates the installed signal and the alerts that scale, with these
// settings, every five seconds, at which the series have a sample each.
func runRules(t *testing.T, counting templates.Counting, series []promSeries, checks []promCheck) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"counting.yml": counting.Rules(), "limits.yml": installed(t, "limits.yml"), "signal.yml": installed(t, "signal.yml"),
		"alerts.yml": string(read(t, "../terraform/files/monitoring/etc/exopool/rules-optional/alerts.yml")),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	text, err := yaml.Marshal(map[string]any{
		"rule_files":          []string{"counting.yml", "limits.yml", "signal.yml", "alerts.yml"},
		"evaluation_interval": "5s",
		"tests":               []any{map[string]any{"interval": "5s", "input_series": series, "promql_expr_test": checks}},
	})
	require.NoError(t, err)
	path := filepath.Join(dir, "test.yml")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	promtool(t, "test", "rules", path)
}

// A recordingRule is a rule as it is written.
type recordingRule struct {
	Record, Expr string
	Labels       map[string]string
}

// parsedRules returns the rules of a file.
func parsedRules(t *testing.T, text string) []recordingRule {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []recordingRule }
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &file))
	require.Len(t, file.Groups, 1)
	return file.Groups[0].Rules
}
