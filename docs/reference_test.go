package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// TestReference compares the generated parts of docs/reference with the code.
func TestReference(t *testing.T) {
	matchPart(t, "reference/metrics.md", "metrics", metricsTable(t))
	matchPart(t, "reference/metrics.md", "recorded series", recordingsTable(t))
	matchPart(t, "reference/alerts.md", "alerts", alertsTable(t))
	matchPart(t, "reference/terraform.md", "variables", terraformTable(t, "variable"))
	matchPart(t, "reference/terraform.md", "outputs", terraformTable(t, "output"))
}

// matchPart compares a table with the part of a page between two comments. With
// -update it writes the part instead.
func matchPart(t *testing.T, page, part, table string) {
	t.Helper()
	begin, end := "<!-- generated: "+part+" -->\n", "<!-- end of "+part+" -->\n"
	before, rest, found := strings.Cut(string(read(t, page)), begin)
	require.True(t, found, "%s has no line %s", page, begin)
	documented, after, found := strings.Cut(rest, end)
	require.True(t, found, "%s has no line %s", page, end)
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(before+begin+table+end+after), 0o600))
		return
	}
	assert.Equal(t, table, documented, "write docs/%s anew with go test ./docs -run Reference -update", page)
}

// markdown returns a table.
func markdown(columns []string, rows [][]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for _, row := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	return b.String() + "\n"
}

// plain returns text that Markdown shows as it is.
func plain(text string) string {
	return strings.NewReplacer("_", `\_`, "*", `\*`, "|", `\|`, "<", `\<`, "\n", " ").Replace(text)
}

// code returns text in a code span of a table.
func code(text string) string {
	return "`" + strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`) + "`"
}

func metricsTable(t *testing.T) string {
	t.Helper()
	var rows [][]string
	for _, m := range exportedMetrics(t) {
		var labels []string
		for label := range strings.FieldsFuncSeq(m.labels, func(r rune) bool { return r == ',' }) {
			labels = append(labels, code(label))
		}
		rows = append(rows, []string{code(m.name), m.kind, m.unit(), strings.Join(labels, ", "), plain(m.help)})
	}
	return markdown([]string{"metric", "type", "unit", "labels", "meaning"}, rows)
}

// TestLabelsOfMetricsAreExplained below the table of metrics.
func TestLabelsOfMetricsAreExplained(t *testing.T) {
	t.Parallel()
	page := string(read(t, "reference/metrics.md"))
	for _, m := range exportedMetrics(t) {
		for label := range strings.FieldsFuncSeq(m.labels, func(r rune) bool { return r == ',' }) {
			assert.Regexp(t, "(?m)^\\| [^|]*`"+label+"`[^|]* \\|", page, "docs/reference/metrics.md does not explain the label of %s", m.name)
		}
	}
}

func recordingsTable(t *testing.T) string {
	t.Helper()
	units := map[string]string{
		"bool": "0 or 1", "rate1m": "per second, over a minute", "increase5m": "count, over five minutes", "per_hour": "money, per hour",
	}
	var rows [][]string
	for _, rule := range recordings(t) {
		unit := rule.Record[strings.LastIndex(rule.Record, ":")+1:] // the name ends in it
		if said, ok := units[unit]; ok {
			unit = said
		}
		rows = append(rows, []string{code(rule.Record), unit, code(rule.file)})
	}
	rows = slices.CompactFunc(rows, slices.Equal) // some are recorded for several labels
	return markdown([]string{"series", "unit", "recorded in"}, rows)
}

// An alertRule is a rule of Grafana's provisioning.
type alertRule struct {
	Title, For  string
	Labels      map[string]string
	Annotations struct{ Summary string }
	Data        []struct {
		RefID string `yaml:"refId"`
		Model struct {
			Expr, Expression string
			Conditions       []struct {
				Evaluator struct {
					Type   string
					Params []float64
				}
			}
		}
	}
}

// condition returns when the rule fires, in the language of Prometheus.
func (r alertRule) condition() string {
	exprs := map[string]string{}
	for _, query := range r.Data {
		exprs["$"+query.RefID] = query.Model.Expr
	}
	last := r.Data[len(r.Data)-1].Model
	if len(last.Conditions) == 0 {
		return regexp.MustCompile(`\$[A-Z]`).ReplaceAllStringFunc(last.Expression, func(ref string) string { return exprs[ref] })
	}
	sign := map[string]string{"gt": ">", "lt": "<"}[last.Conditions[0].Evaluator.Type]
	return fmt.Sprintf("%s %s %g", exprs["$"+last.Expression], sign, last.Conditions[0].Evaluator.Params[0])
}

func alertsTable(t *testing.T) string {
	t.Helper()
	var rows [][]string
	for _, name := range []string{"rules.yaml", "health.yaml"} {
		var file struct {
			Groups []struct {
				Interval string
				Rules    []alertRule
			}
		}
		require.NoError(t, yaml.Unmarshal(read(t, filepath.Join(root, "terraform/files/monitoring/etc/grafana/provisioning/alerting", name)), &file))
		for _, group := range file.Groups {
			for _, rule := range group.Rules {
				to := "`/" + rule.Labels["autoscale"] + "` of the autoscaler"
				if rule.Labels["autoscale"] == "" {
					to = "`nobody`, until you name an address"
				}
				message := regexp.MustCompile(`\{\{ ?if.*?end ?\}\}|\{\{.*?\}\}`).ReplaceAllString(rule.Annotations.Summary, "…")
				rows = append(rows, []string{rule.Title, code(rule.condition()), rule.For, group.Interval, to, plain(message)})
			}
		}
	}
	require.Len(t, rows, len(alertTitles(t)))
	return markdown([]string{"alert", "fires when", "pending", "evaluated every", "sent to", "message"}, rows)
}

// terraformTable returns the blocks of a kind that the module has, sorted by
// file and place.
func terraformTable(t *testing.T, kind string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "terraform/*.tf"))
	require.NoError(t, err)
	slices.Sort(files)
	var rows [][]string
	for _, name := range files {
		source := read(t, name)
		file, problems := hclparse.NewParser().ParseHCL(source, name)
		require.False(t, problems.HasErrors(), "%v", problems)
		for _, block := range file.Body.(*hclsyntax.Body).Blocks {
			if block.Type != kind {
				continue
			}
			said := func(attribute string) string {
				found, ok := block.Body.Attributes[attribute]
				if !ok {
					return ""
				}
				return string(found.Expr.Range().SliceBytes(source))
			}
			description, problems := block.Body.Attributes["description"].Expr.Value(nil)
			require.False(t, problems.HasErrors(), "%s: %v", block.Labels[0], problems)
			row := []string{code(block.Labels[0])}
			if kind == "variable" {
				byDefault := "required"
				if text := said("default"); text != "" {
					byDefault = code(text)
				}
				row = append(row, code(said("type")), byDefault)
			}
			meaning := plain(description.AsString())
			if said("sensitive") == "true" {
				meaning += " *Sensitive.*"
			}
			rows = append(rows, append(row, meaning))
		}
	}
	if kind == "variable" {
		return markdown([]string{"variable", "type", "default", "meaning"}, rows)
	}
	return markdown([]string{"output", "meaning"}, rows)
}
