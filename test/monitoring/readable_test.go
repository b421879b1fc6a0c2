//go:build linux

package monitoring_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// textWidth returns no less than the pixels that a panel's title takes in Grafana,
// whose typeface is Inter, medium, at 14 pixels.
func textWidth(text string) float64 {
	width := 0.0
	for _, r := range text {
		switch {
		case strings.ContainsRune("mwMW", r):
			width += 13
		case strings.ContainsRune("iljtfI .,:()'", r):
			width += 5
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			width += 9.5
		default:
			width += 8.2
		}
	}
	return width
}

// TestTitlesFitTheirPanels: test/dashboards measures them in a browser, and this
// test does without one.
func TestTitlesFitTheirPanels(t *testing.T) {
	t.Parallel()
	// At 1024 pixels, Grafana's grid has 24 columns between margins of 16 pixels, with
	// gaps of 8 pixels. A panel's head needs 62 pixels for itself, with the mark of the
	// description.
	const column, gap, head = (1024 - 32 + 8) / 24.0, 8, 62
	for _, board := range dashboards(t) {
		for _, p := range board.Panels {
			title := strings.ReplaceAll(p.Title, "$currency", "EUR")
			assert.LessOrEqual(t, textWidth(title), float64(p.GridPos.W)*column-gap-head, "%s: %s", board.Title, p.Title)
		}
	}
}

// TestPanelsShowTheLimitOfTheirAlert: a graph shows how far a value is from its
// alert, and a state has a colour.
func TestPanelsShowTheLimitOfTheirAlert(t *testing.T) {
	t.Parallel()
	boards := make(map[string]dashboard)
	for _, board := range dashboards(t) {
		boards[board.UID] = board
	}
	seen := 0
	for _, rule := range healthRules(t) {
		p, ok := boards[rule.DashboardUID].panel(rule.PanelID)
		require.True(t, ok, rule.Title)
		for _, query := range rule.Data {
			for _, condition := range query.Model.Conditions {
				limit := condition.Evaluator.Params[0]
				if limit == 0 { // yes or no
					continue
				}
				seen++
				steps := p.FieldConfig.Defaults.Thresholds.Steps
				require.Len(t, steps, 2, p.Title)
				require.NotNil(t, steps[1].Value, p.Title)
				assert.InDelta(t, limit, *steps[1].Value, 0, p.Title)
				assert.Equal(t, "red", steps[1].Color, p.Title)
				assert.Contains(t, string(p.FieldConfig.Defaults.Custom), `"thresholdsStyle"`, p.Title)
			}
		}
	}
	assert.Equal(t, 3, seen)
}

// TestThresholdsCount: of steps in order, Grafana takes the last that a value
// reaches, and without a number at the first step stops there.
func TestThresholdsCount(t *testing.T) {
	t.Parallel()
	for _, board := range dashboards(t) {
		for _, p := range board.Panels {
			for _, step := range p.FieldConfig.Defaults.Thresholds.Steps {
				assert.NotNil(t, step.Value, "%s: %s", board.Title, p.Title)
			}
		}
	}
}

// TestEmptyPanelsSayWhy: "No data" reads like a fault.
func TestEmptyPanelsSayWhy(t *testing.T) {
	t.Parallel()
	for _, board := range dashboards(t) {
		for _, p := range board.Panels {
			mayBeEmpty := p.Type == "timeseries" && !slices.ContainsFunc(p.Targets, func(target target) bool {
				_, optional := silent[target.Expr]
				return !optional
			})
			if mayBeEmpty || p.Type == "stat" {
				assert.NotEmpty(t, p.FieldConfig.Defaults.NoValue, "%s: %s", board.Title, p.Title)
			}
		}
	}
}

// TestEachPanelIsExplained: docs/dashboards.md has a table for each dashboard, with
// a line for each panel in the order in which one reads them.
func TestEachPanelIsExplained(t *testing.T) {
	t.Parallel()
	page := string(read(t, "../../docs/dashboards.md"))
	for _, board := range dashboards(t) {
		_, section, found := strings.Cut(page, "\n## "+board.Title+"\n")
		require.True(t, found, board.Title)
		section, _, _ = strings.Cut(section, "\n## ")
		var explained, panels []string
		for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \|`).FindAllStringSubmatch(section, -1)[1:] {
			explained = append(explained, row[1])
		}
		for _, p := range board.Panels {
			panels = append(panels, strings.TrimSuffix(p.Title, " ($currency)"))
		}
		assert.Equal(t, panels, explained, board.Title)
	}
}
