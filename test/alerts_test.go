package test_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// grafanaFiles is what the monitoring machine has below /etc/grafana.
const grafanaFiles = "../terraform/files/monitoring/etc/grafana"

// An alertRule is the part of a provisioned rule that other files refer to.
type alertRule struct {
	UID          string
	Title        string
	DashboardUID string `yaml:"dashboardUid"`
	PanelID      int    `yaml:"panelId"`
	NoDataState  string `yaml:"noDataState"`
	ExecErrState string `yaml:"execErrState"`
	Labels       map[string]string
	Annotations  map[string]string
	Data         []struct {
		Model struct {
			Expr       string
			Expression string
		}
	}
}

func alertRules(t *testing.T) []alertRule {
	t.Helper()
	var file struct{ Groups []struct{ Rules []alertRule } }
	require.NoError(t, yaml.Unmarshal(read(t, filepath.Join(grafanaFiles, "provisioning/alerting/rules.yaml")), &file))
	require.Len(t, file.Groups, 1)
	require.Len(t, file.Groups[0].Rules, 2)
	return file.Groups[0].Rules
}

func TestEachAlertHasAPanelThatShowsItsThreshold(t *testing.T) {
	t.Parallel()
	var board struct {
		UID    string
		Panels []struct {
			ID      int
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(read(t, filepath.Join(grafanaFiles, "dashboards/pool.json")), &board))

	for _, rule := range alertRules(t) {
		t.Run(rule.Title, func(t *testing.T) {
			assert.Equal(t, board.UID, rule.DashboardUID)
			assert.Equal(t, board.UID, rule.Annotations["__dashboardUid__"])
			var annotated int
			require.NoError(t, json.Unmarshal([]byte(rule.Annotations["__panelId__"]), &annotated))
			assert.Equal(t, rule.PanelID, annotated)

			for _, panel := range board.Panels {
				if panel.ID != rule.PanelID {
					continue
				}
				require.Len(t, panel.Targets, 2)
				for i, what := range []string{"signal", "limit"} {
					assert.Equal(t, rule.Data[i].Model.Expr, panel.Targets[i].Expr, "panel and alert have the same %s", what)
				}
				return
			}
			t.Fatalf("the dashboard has no panel %d", rule.PanelID)
		})
	}
}

func TestOnlyAlertsAboutTheCPUReachTheAutoscaler(t *testing.T) {
	t.Parallel()
	type route struct {
		Receiver string
		Matchers [][3]string `yaml:"object_matchers"`
		Routes   []route
	}
	var policies struct{ Policies []route }
	require.NoError(t, yaml.Unmarshal(read(t, filepath.Join(grafanaFiles, "provisioning/alerting/policies.yaml")), &policies))
	var points struct {
		ContactPoints []struct {
			Name      string
			Receivers []struct {
				DisableResolveMessage bool `yaml:"disableResolveMessage"`
				Settings              struct{ URL string }
			}
		} `yaml:"contactPoints"`
	}
	require.NoError(t, yaml.Unmarshal(read(t, filepath.Join(grafanaFiles, "provisioning/alerting/contact-points.yaml")), &points))
	urls := make(map[string]string)
	for _, point := range points.ContactPoints {
		require.Len(t, point.Receivers, 1)
		assert.True(t, point.Receivers[0].DisableResolveMessage, "%s says nothing when an alert ends", point.Name)
		urls[point.Name] = point.Receivers[0].Settings.URL
	}

	require.Len(t, policies.Policies, 1)
	root := policies.Policies[0]
	assert.Empty(t, urls[root.Receiver], "what no route takes goes nowhere")
	require.Contains(t, urls, root.Receiver)
	directions := make(map[string]string)
	for _, way := range root.Routes {
		require.Len(t, way.Matchers, 2)
		assert.Equal(t, [2]string{"autoscale", "="}, [2]string(way.Matchers[0][:2]))
		assert.Equal(t, [2]string{"alertname", "="}, [2]string(way.Matchers[1][:2]))
		direction := way.Matchers[0][2]
		assert.Equal(t, "$AUTOSCALER_URL/"+direction, urls[way.Receiver])
		directions[way.Matchers[1][2]] = direction
	}
	rules := make(map[string]string)
	for _, rule := range alertRules(t) {
		rules[rule.Title] = rule.Labels["autoscale"]
		assert.Equal(t, [2]string{"OK", "OK"}, [2]string{rule.NoDataState, rule.ExecErrState}, "missing data and errors are silent")
	}
	assert.Equal(t, map[string]string{"CPU high": "up", "CPU low": "down"}, rules)
	assert.Equal(t, rules, directions)
}
