package monitoring_test

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// A ruleGroup is a group of provisioned alert rules.
type ruleGroup struct {
	Name     string
	Folder   string
	Interval string
	Rules    []alertRule
}

// An alertRule is the part of a provisioned rule that other files refer to.
type alertRule struct {
	UID          string
	Title        string
	For          string
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
			Conditions []struct {
				Evaluator struct {
					Type   string
					Params []float64
				}
			}
		}
	}
}

// ruleGroups returns the groups of a file of provisioned alert rules.
func ruleGroups(t *testing.T, name string) []ruleGroup {
	t.Helper()
	var file struct{ Groups []ruleGroup }
	require.NoError(t, yaml.Unmarshal(read(t, filepath.Join(grafanaFiles, "provisioning/alerting", name)), &file))
	require.Len(t, file.Groups, 1)
	return file.Groups
}

// scalingRules returns the two rules that post to the autoscaler.
func scalingRules(t *testing.T) []alertRule {
	t.Helper()
	rules := ruleGroups(t, "rules.yaml")[0].Rules
	require.Len(t, rules, 2)
	return rules
}

// healthRules returns the rules that watch the system itself.
func healthRules(t *testing.T) []alertRule {
	t.Helper()
	rules := ruleGroups(t, "health.yaml")[0].Rules
	require.NotEmpty(t, rules)
	return rules
}

// A route is one of the notification policies.
type route struct {
	Receiver string
	Matchers [][3]string `yaml:"object_matchers"`
	Routes   []route
}

// take returns the receiver of an alert: that of the first route that matches
// all the way down, as none of ours continues.
func (r route) take(t *testing.T, labels map[string]string) string {
	t.Helper()
	for _, sub := range r.Routes {
		if sub.matches(t, labels) {
			return sub.take(t, labels)
		}
	}
	return r.Receiver
}

func (r route) matches(t *testing.T, labels map[string]string) bool {
	t.Helper()
	for _, m := range r.Matchers {
		require.Equal(t, "=", m[1], "this test knows no other operator")
		if labels[m[0]] != m[2] {
			return false
		}
	}
	return true
}

// policy returns the root of the notification policies.
func policy(t *testing.T) route {
	t.Helper()
	var file struct{ Policies []route }
	require.NoError(t, yaml.Unmarshal(read(t, filepath.Join(grafanaFiles, "provisioning/alerting/policies.yaml")), &file))
	require.Len(t, file.Policies, 1)
	return file.Policies[0]
}

// receivers returns the address of each contact point, by its name; one
// without a receiver has none.
func receivers(t *testing.T) map[string]string {
	t.Helper()
	var file struct {
		ContactPoints []struct {
			Name      string
			Receivers []struct {
				DisableResolveMessage bool `yaml:"disableResolveMessage"`
				Settings              struct{ URL string }
			}
		} `yaml:"contactPoints"`
	}
	require.NoError(t, yaml.Unmarshal(read(t, filepath.Join(grafanaFiles, "provisioning/alerting/contact-points.yaml")), &file))
	urls := make(map[string]string)
	for _, point := range file.ContactPoints {
		require.Len(t, point.Receivers, 1)
		assert.True(t, point.Receivers[0].DisableResolveMessage, "%s says nothing when an alert ends", point.Name)
		urls[point.Name] = point.Receivers[0].Settings.URL
	}
	return urls
}

// alertsOf returns the labels of each alert that a rule can cause: its own, and
// Grafana's about missing data and errors, which carry the labels of the rule.
func alertsOf(rule alertRule, folder string) []map[string]string {
	var alerts []map[string]string
	for _, name := range []string{rule.Title, "DatasourceNoData", "DatasourceError"} {
		labels := map[string]string{"alertname": name, "grafana_folder": folder, "rulename": rule.Title}
		for key, value := range rule.Labels {
			labels[key] = value
		}
		alerts = append(alerts, labels)
	}
	return alerts
}

func TestBothAlertsAboutTheCPUReachTheAutoscaler(t *testing.T) {
	t.Parallel()
	folder := ruleGroups(t, "rules.yaml")[0].Folder
	urls, root := receivers(t), policy(t)
	directions := map[string]string{"CPU high": "/up", "CPU low": "/down"}
	for _, rule := range scalingRules(t) {
		alert := alertsOf(rule, folder)[0]
		assert.Equal(t, "$AUTOSCALER_URL"+directions[rule.Title], urls[root.take(t, alert)], rule.Title)
		delete(directions, rule.Title)
		assert.Equal(t, [2]string{"OK", "OK"}, [2]string{rule.NoDataState, rule.ExecErrState}, "missing data and errors are silent")
	}
	assert.Empty(t, directions, "alerts that are missing")
}

// A rhythm is how often a route sends.
type rhythm struct {
	GroupBy  []string `yaml:"group_by"`
	Wait     string   `yaml:"group_wait"`
	Interval string   `yaml:"group_interval"`
	Repeat   string   `yaml:"repeat_interval"`
}

func TestAlertmanagerSendsAsOftenAsGrafana(t *testing.T) {
	t.Parallel()
	type routed struct {
		rhythm   `yaml:",inline"`
		Receiver string
	}
	var ours struct{ Policies []struct{ Routes []routed } }
	require.NoError(t, yaml.Unmarshal(read(t, filepath.Join(grafanaFiles, "provisioning/alerting/policies.yaml")), &ours))
	var example struct {
		Route     struct{ Routes []routed }
		Receivers []struct {
			Name     string
			Webhooks []struct {
				URL          string
				SendResolved *bool `yaml:"send_resolved"`
			} `yaml:"webhook_configs"`
		}
	}
	require.NoError(t, yaml.Unmarshal(read(t, "../../docs/alertmanager/alertmanager.yml"), &example))
	require.Len(t, ours.Policies, 1)
	require.Len(t, ours.Policies[0].Routes, 2)
	assert.Equal(t, ours.Policies[0].Routes, example.Route.Routes)
	for _, route := range ours.Policies[0].Routes {
		// A webhook each 50 seconds: one for every turn, and no multiple that
		// leaves it to milliseconds.
		assert.Equal(t, rhythm{[]string{"alertname"}, "0s", "10s", "45s"}, route.rhythm)
	}
	for _, receiver := range example.Receivers {
		for _, webhook := range receiver.Webhooks {
			assert.Equal(t, "http://127.0.0.1:8090/"+strings.TrimPrefix(receiver.Name, "autoscaler-"), webhook.URL)
			if assert.NotNil(t, webhook.SendResolved, "Alertmanager's own setting is true") {
				assert.False(t, *webhook.SendResolved)
			}
		}
	}
}

func TestNoOtherAlertReachesTheAutoscaler(t *testing.T) {
	t.Parallel()
	urls, root := receivers(t), policy(t)
	mute := func(labels map[string]string) {
		receiver := root.take(t, labels)
		require.Contains(t, urls, receiver)
		assert.Empty(t, urls[receiver], "%v goes nowhere", labels)
	}
	folder := ruleGroups(t, "rules.yaml")[0].Folder
	for _, rule := range scalingRules(t) {
		for _, labels := range alertsOf(rule, folder)[1:] {
			mute(labels)
		}
	}
	folder = ruleGroups(t, "health.yaml")[0].Folder
	for _, rule := range healthRules(t) {
		for _, labels := range alertsOf(rule, folder) {
			mute(labels)
		}
		assert.NotContains(t, rule.Labels, "autoscale", "no label invites a route")
	}
}

func TestSilenceOfAProgramIsAnAlert(t *testing.T) {
	t.Parallel()
	for _, rule := range healthRules(t) {
		want := [2]string{"OK", "OK"}
		if rule.UID == "health-program-down" {
			want = [2]string{"Alerting", "Alerting"}
		}
		assert.Equal(t, want, [2]string{rule.NoDataState, rule.ExecErrState}, "%s: one cause, one alert", rule.Title)
	}
}

func TestEachSummarySaysWhatToDo(t *testing.T) {
	t.Parallel()
	// What is the matter, and after that what helps.
	for _, rule := range scalingRules(t) {
		assert.Regexp(t, `, so the pool (grows|shrinks); nothing to do$`, rule.Annotations["summary"], rule.Title)
	}
	for _, rule := range healthRules(t) {
		_, remedy, _ := strings.Cut(regexp.MustCompile(`{{[^}]*}}`).ReplaceAllString(rule.Annotations["summary"], ""), ": ")
		remedy = strings.TrimSpace(remedy)
		assert.Greater(t, len(strings.Fields(remedy)), 3, "%s: %s", rule.Title, rule.Annotations["summary"])
	}
}

func TestAlertsAboutTheSystemWaitAsLongAsTheREADMESays(t *testing.T) {
	t.Parallel()
	type delays struct {
		pending string
		above   float64
	}
	want := map[string]delays{
		"Program down":          {"1m", 0},
		"No decision":           {"0s", 3}, // turns
		"No discovery":          {"0s", 120},
		"Member down":           {"5m", 0},
		"Pool at its maximum":   {"5m", 0},
		"Webhooks refused":      {"0s", 0},
		"Webhooks missing":      {"3m", 0},
		"Autoscaler paused":     {"0s", 24}, // hours
		"Second autoscaler":     {"0s", 0},
		"New members failing":   {"0s", 0}, // after three members
		"Budget nearly spent":   {"0s", 0},
		"Rolling change stands": {"0s", 0}, // after an hour
		"Turns failing":         {"3m", 0},
		"Resizes failing":       {"0s", 0}, // after three turns
		"No targets":            {"3m", 0},
		"Load unknown":          {"10m", 0},
	}
	got := make(map[string]delays)
	for _, rule := range healthRules(t) {
		conditions := rule.Data[len(rule.Data)-1].Model.Conditions
		require.Len(t, conditions, 1, rule.Title)
		assert.Equal(t, "gt", conditions[0].Evaluator.Type, rule.Title)
		got[rule.Title] = delays{rule.For, conditions[0].Evaluator.Params[0]}
	}
	assert.Equal(t, want, got)
}

func TestRulesThatScaleAreEvaluatedBeforeTheOthers(t *testing.T) {
	t.Parallel()
	// Grafana spreads rules over ten seconds in the order of their uids.
	for _, health := range healthRules(t) {
		for _, scaling := range scalingRules(t) {
			assert.Less(t, scaling.UID, health.UID)
		}
	}
	assert.Equal(t, "10s", ruleGroups(t, "rules.yaml")[0].Interval)
	assert.Equal(t, "30s", ruleGroups(t, "health.yaml")[0].Interval, "a refused webhook is an alert within a minute")
}

func TestGrafanaKnowsHowOftenPrometheusScrapes(t *testing.T) {
	t.Parallel()
	var prometheus struct {
		Global struct {
			Interval string `yaml:"scrape_interval"`
		}
	}
	require.NoError(t, yaml.Unmarshal(read(t, prometheusFiles+"/prometheus.yml"), &prometheus))
	var grafana struct {
		Datasources []struct {
			JSONData struct {
				Interval string `yaml:"timeInterval"`
			} `yaml:"jsonData"`
		}
	}
	require.NoError(t, yaml.Unmarshal(read(t, grafanaFiles+"/provisioning/datasources/exopool.yaml"), &grafana))
	require.Len(t, grafana.Datasources, 1)
	require.NotEmpty(t, prometheus.Global.Interval)
	// Rate intervals, steps of graphs and annotations hang on it.
	assert.Equal(t, prometheus.Global.Interval, grafana.Datasources[0].JSONData.Interval)
}

func TestEachAlertHasAPanelThatShowsWhatItAsks(t *testing.T) {
	t.Parallel()
	boards := make(map[string]dashboard)
	for _, board := range dashboards(t) {
		boards[board.UID] = board
	}
	for _, rule := range append(scalingRules(t), healthRules(t)...) {
		t.Run(rule.Title, func(t *testing.T) {
			t.Parallel()
			// Panels know of their alerts by both annotations; the fields beside
			// them are for people.
			assert.Equal(t, rule.DashboardUID, rule.Annotations["__dashboardUid__"])
			assert.Equal(t, strconv.Itoa(rule.PanelID), rule.Annotations["__panelId__"])
			require.Contains(t, boards, rule.DashboardUID)
			panel, ok := boards[rule.DashboardUID].panel(rule.PanelID)
			require.True(t, ok, "there is no panel %d", rule.PanelID)
			shown := ""
			for _, target := range panel.Targets {
				shown += target.Expr + "\n"
			}
			for _, query := range rule.Data {
				// A panel may rephrase what it shows, but not ask for something else.
				for _, name := range regexp.MustCompile(`exopool:\w+:\w+`).FindAllString(query.Model.Expr, -1) {
					if rule.UID == "health-program-down" {
						name = "up{" // its history is more than the yes or no of the alert
					}
					assert.Contains(t, shown, name)
				}
			}
		})
	}
}
