package monitoring_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/exopool/exopool/terraform/templates"
)

// ruleFiles returns the paths of Prometheus' rule files: those that are loaded,
// and those that wait to be asked for.
func ruleFiles(t *testing.T) (loaded, optional []string) {
	t.Helper()
	return find(t, prometheusFiles+"/rules", "*.yml"), find(t, prometheusFiles+"/rules-optional", "*.yml")
}

// prometheusRules returns the rules of a file.
func prometheusRules(t *testing.T, path string) []rulefmt.Rule {
	t.Helper()
	return rulesOf(t, string(read(t, path)))
}

// rulesOf returns the rules of a text.
func rulesOf(t *testing.T, text string) []rulefmt.Rule {
	t.Helper()
	var file rulefmt.RuleGroups
	require.NoError(t, yaml.Unmarshal([]byte(text), &file), text)
	var rules []rulefmt.Rule
	for _, group := range file.Groups {
		rules = append(rules, group.Rules...)
	}
	return rules
}

func TestPromtoolAcceptsAllRules(t *testing.T) {
	t.Parallel()
	loaded, optional := ruleFiles(t)
	promtool(t, "check", "config", prometheusFiles+"/prometheus.yml")
	withApplication := filepath.Join(t.TempDir(), "prometheus.yml")
	text := string(read(t, prometheusFiles+"/prometheus.yml")) + templates.ApplicationJob("/metrics", 8080)
	require.NoError(t, os.WriteFile(withApplication, []byte(text), 0o600))
	promtool(t, "check", "config", withApplication)
	promtool(t, append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, append(loaded, optional...)...)...)
}

func TestRulesDoWhatTheyPromise(t *testing.T) {
	t.Parallel()
	for _, path := range find(t, "testdata/rules", "*.yml") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yml"), func(t *testing.T) {
			t.Parallel()
			promtool(t, "test", "rules", path)
		})
	}
}

func TestPrometheusAlertsLikeGrafana(t *testing.T) {
	t.Parallel()
	_, optional := ruleFiles(t)
	alerts := make(map[string]rulefmt.Rule)
	for _, path := range optional {
		for _, rule := range prometheusRules(t, path) {
			alerts[rule.Alert] = rule
		}
	}
	require.Len(t, alerts, len(scalingRules(t))+len(healthRules(t)))
	for _, rule := range healthRules(t) {
		alert := alerts[rule.Title]
		above := rule.Data[1].Model.Conditions[0].Evaluator.Params[0]
		assert.Equal(t, rule.Data[0].Model.Expr+" > "+digits(above), alert.Expr)
		assert.Equal(t, strings.TrimPrefix(rule.For, "0s"), strings.TrimPrefix(alert.For.String(), "0s"), rule.Title)
		assert.Equal(t, rule.Labels, alert.Labels)
		assert.Equal(t, strings.ReplaceAll(rule.Annotations["summary"], "$values.A.Value", "$value"), alert.Annotations["summary"])
	}
	for _, rule := range scalingRules(t) {
		alert := alerts[rule.Title]
		sides := strings.Fields(strings.NewReplacer("$A", rule.Data[0].Model.Expr, "$B", "on () "+rule.Data[1].Model.Expr).
			Replace(rule.Data[2].Model.Expression))
		assert.Equal(t, strings.Join(sides, " "), alert.Expr)
		assert.Equal(t, rule.For, alert.For.String())
		assert.Equal(t, rule.Labels, alert.Labels)
	}
}

func TestRecordingTheSignalDelaysNoAlert(t *testing.T) {
	t.Parallel()
	var file rulefmt.RuleGroups
	require.NoError(t, yaml.Unmarshal(read(t, prometheusFiles+"/rules/signal.yml"), &file))
	require.Len(t, file.Groups, 1)
	// Grafana evaluates every ten seconds: an older signal may cost one evaluation more.
	assert.Equal(t, "1s", file.Groups[0].Interval.String())
}

func TestEachLimitIsWrittenOnce(t *testing.T) {
	t.Parallel()
	limits := make(map[string]bool)
	path := prometheusFiles + "/rules/limits.yml"
	for _, rule := range prometheusRules(t, path) {
		limits[rule.Expr] = true
	}
	require.Len(t, limits, 2)

	var queries []string
	loaded, optional := ruleFiles(t)
	for _, other := range append(loaded, optional...) {
		if other == path {
			continue
		}
		for _, rule := range prometheusRules(t, other) {
			queries = append(queries, rule.Expr)
		}
	}
	for _, board := range dashboards(t) {
		queries = append(queries, queriesOf(board)...)
	}
	for _, rule := range append(scalingRules(t), healthRules(t)...) {
		for _, query := range rule.Data {
			if query.Model.Expr != "" {
				queries = append(queries, query.Model.Expr)
			}
			assert.NotRegexp(t, `\d`, query.Model.Expression, "%s: the limit is a query", rule.Title)
			for _, condition := range query.Model.Conditions {
				for _, number := range condition.Evaluator.Params {
					assert.NotContains(t, limits, digits(number), rule.Title)
				}
			}
		}
	}
	for _, query := range queries {
		parser.Inspect(parsed(t, query), func(node parser.Node, _ []parser.Node) error {
			if number, ok := node.(*parser.NumberLiteral); ok {
				assert.NotContains(t, limits, digits(number.Val), query)
			}
			return nil
		})
	}
}

// parsed returns a query as Prometheus understands it.
func parsed(t *testing.T, query string) parser.Expr {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	require.NoError(t, err, query)
	return expr
}

func digits(number float64) string { return strconv.FormatFloat(number, 'f', -1, 64) }
