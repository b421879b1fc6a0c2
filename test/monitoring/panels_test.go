package monitoring_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestEachPanelSaysWhatItShows(t *testing.T) {
	t.Parallel()
	for _, board := range dashboards(t) {
		assert.NotEmpty(t, board.Description)
		for _, p := range board.Panels {
			name := board.Title + ": " + p.Title
			assert.NotEmpty(t, p.Title)
			assert.Regexp(t, `\.$`, p.Description, name)
			if p.Type == "alertlist" {
				continue // asks Grafana itself
			}
			assert.NotEmpty(t, p.FieldConfig.Defaults.Unit, name)
			assert.Equal(t, &datasource{"prometheus", "prometheus"}, p.Datasource, name)
			assert.NotEmpty(t, p.Targets, name)
			for i, target := range p.Targets {
				assert.Equal(t, string(rune('A'+i)), target.RefID, name)
				assert.Equal(t, *p.Datasource, target.Datasource, name)
				assert.NotEqual(t, target.Range, target.Instant, "%s: a query is of one kind", name)
				assert.True(t, target.LegendFormat != "" || p.Type == "stat", "%s: series have readable names", name)
			}
		}
	}
}

func TestWhatIsNotKnownIsNotShownAsZero(t *testing.T) {
	t.Parallel()
	for _, board := range dashboards(t) {
		for _, query := range queriesOf(board) {
			parser.Inspect(parsed(t, query), func(node parser.Node, _ []parser.Node) error {
				if call, ok := node.(*parser.Call); ok {
					assert.NotContains(t, []string{"vector", "absent"}, call.Func.Name,
						"%s: a number also for times when Prometheus did not run: %s", board.Title, query)
				}
				return nil
			})
		}
	}
}

func TestRareEventsAreVisibleAndWhole(t *testing.T) {
	t.Parallel()
	found := 0
	for _, board := range dashboards(t) {
		for _, p := range board.Panels {
			if p.Type != "timeseries" || !strings.HasSuffix(p.Targets[0].Expr, "> 0") {
				continue
			}
			found++
			var custom struct{ ShowPoints string }
			require.NoError(t, json.Unmarshal(p.FieldConfig.Defaults.Custom, &custom))
			assert.Equal(t, "auto", custom.ShowPoints, "%s: a single point has no line", p.Title)
			if assert.NotNil(t, p.FieldConfig.Defaults.Decimals, p.Title) {
				assert.Zero(t, *p.FieldConfig.Defaults.Decimals, "%s: increases are extrapolated, events are whole", p.Title)
			}
		}
	}
	assert.Equal(t, 4, found)
}

func TestDashboardsNeedNoPlugin(t *testing.T) {
	t.Parallel()
	// Grafana 12 has dropped panels written in Angular; these are built in from
	// 10 to 13.
	builtIn := []string{"alertlist", "stat", "state-timeline", "timeseries"}
	for _, board := range dashboards(t) {
		assert.Equal(t, 38, board.SchemaVersion, "newer versions of Grafana migrate it, older ones know it")
		assert.False(t, board.Editable, "changes belong into the files")
		for _, p := range board.Panels {
			assert.Contains(t, builtIn, p.Type, p.Title)
		}
	}
}

func TestPanelsFillTheGridWithoutOverlap(t *testing.T) {
	t.Parallel()
	for _, board := range dashboards(t) {
		taken := make(map[[2]int]string)
		ids := make(map[int]bool)
		last := 0
		for _, p := range board.Panels {
			assert.False(t, ids[p.ID], "%s: panel %d twice", board.Title, p.ID)
			ids[p.ID] = true
			last = max(last, p.GridPos.Y+p.GridPos.H)
			assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
			assert.GreaterOrEqual(t, p.GridPos.W, 4, "%s: readable on a laptop", p.Title)
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					assert.Empty(t, taken[[2]int{x, y}], "%s covers it", p.Title)
					taken[[2]int{x, y}] = p.Title
				}
			}
		}
		assert.Len(t, taken, 24*last, "%s: no holes", board.Title)
	}
}

func TestTheTwoRequiredGraphsShowWithoutScrolling(t *testing.T) {
	t.Parallel()
	// Of 768 pixels the browser and Grafana's head take about 200, and a row of
	// the grid has 38.
	const rows = (768 - 200) / 38
	for _, rule := range scalingRules(t) {
		for _, board := range dashboards(t) {
			if p, ok := board.panel(rule.PanelID); ok && board.UID == rule.DashboardUID {
				assert.LessOrEqual(t, p.GridPos.Y+p.GridPos.H, rows, p.Title)
			}
		}
	}
}

func TestTitlesAndUIDsAreUnique(t *testing.T) {
	t.Parallel()
	// Grafana drops a dashboard that is called like its folder, or has its uid.
	var provider struct {
		Providers []struct{ Folder, FolderUID string }
	}
	require.NoError(t, yaml.Unmarshal(read(t, filepath.Join(grafanaFiles, "provisioning/dashboards/exopool.yaml")), &provider))
	require.Len(t, provider.Providers, 1)
	seen := make(map[string]bool)
	once := func(name string) {
		assert.False(t, seen[name], "%q twice", name)
		seen[name] = true
	}
	once(provider.Providers[0].Folder)
	for _, board := range dashboards(t) {
		once(board.Title)
		once(board.UID)
	}
	for _, file := range []string{"rules.yaml", "health.yaml"} {
		group := ruleGroups(t, file)[0]
		once(group.Folder)
		assert.NotContains(t, group.Folder, "/", "newer versions would read a path")
		for _, rule := range group.Rules {
			once(rule.UID)
			once(rule.Title)
		}
	}
}

func TestDashboardsLinkToEachOther(t *testing.T) {
	t.Parallel()
	boards := dashboards(t)
	for i, board := range boards {
		require.Len(t, board.Links, 1)
		other := boards[1-i]
		assert.Equal(t, "/d/"+other.UID, board.Links[0].URL)
		assert.Equal(t, other.Title, board.Links[0].Title)
	}
}

func TestNothingInAnAlertIsTakenForAVariable(t *testing.T) {
	t.Parallel()
	// Grafana puts the environment into values, and newer versions do so in
	// annotations where they find a brace.
	for _, path := range find(t, grafanaFiles+"/provisioning", "*.yaml") {
		var document any
		require.NoError(t, yaml.Unmarshal(read(t, path), &document))
		text, err := json.Marshal(document)
		require.NoError(t, err)
		assert.NotContains(t, string(text), "${", path)
		for _, name := range regexp.MustCompile(`\$\w+`).FindAllString(string(text), -1) {
			known := []string{"$AUTOSCALER_URL", "$WEBHOOK_TOKEN", "$PROMETHEUS_URL", "$DASHBOARD_DIR", "$A", "$B", "$values", "$labels"}
			assert.Contains(t, known, name, path)
		}
	}
}

// askedFor returns the names of all metrics that a query asks for.
func askedFor(t *testing.T, query string) []string {
	t.Helper()
	var names []string
	parser.Inspect(parsed(t, query), func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			assert.NotEmpty(t, selector.Name, "%s: a metric is asked for by its name", query)
			names = append(names, selector.Name)
		}
		return nil
	})
	return names
}

// allQueries returns all that is asked of Prometheus, and where: by rules,
// alerts, dashboards, and the signals that the documentation offers.
func allQueries(t *testing.T) map[string]string {
	t.Helper()
	queries := make(map[string]string)
	loaded, optional := ruleFiles(t)
	paths := append(append(loaded, optional...), find(t, "../../docs/signals", "*.yml")...)
	for _, path := range paths {
		for _, rule := range prometheusRules(t, path) {
			queries[rule.Expr] = path
		}
	}
	for _, board := range dashboards(t) {
		for _, query := range queriesOf(board) {
			queries[query] = board.Title
		}
		for _, v := range board.Templating.List {
			queries[strings.TrimSuffix(strings.TrimPrefix(v.Query.Query, "label_values("), ", "+v.Name+")")] = board.Title
			assert.Equal(t, v.Definition, v.Query.Query)
		}
	}
	for _, rule := range append(scalingRules(t), healthRules(t)...) {
		for _, query := range rule.Data {
			if query.Model.Expr != "" {
				queries[query.Model.Expr] = rule.Title
			}
		}
	}
	return queries
}

func TestQueriesAskForMetricsThatExist(t *testing.T) {
	t.Parallel()
	known := exportedMetrics(t)
	loaded, optional := ruleFiles(t)
	for _, path := range append(loaded, optional...) {
		for _, rule := range prometheusRules(t, path) {
			known[rule.Record] = true
		}
	}
	// Terraform writes the prices from its table.
	known["exopool:base_price:per_hour"], known["exopool:member_price:per_hour"] = true, true

	for query, where := range allQueries(t) {
		for _, name := range askedFor(t, query) {
			assert.Contains(t, known, name, "%s: %s", where, query)
		}
	}
}
