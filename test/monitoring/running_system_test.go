//go:build linux

package monitoring_test

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/promquery"
)

// Queries that return nothing while all is well, or without counters.
var silent = map[string]string{
	`max(exopool_autoscaler_load_members{job="autoscaler"})`:                                                                                                     "webhooks decide, not the load",
	`max(exopool_autoscaler_forecast_members{job="autoscaler"})`:                                                                                                 "webhooks decide, not the load",
	`max(exopool_autoscaler_forecast_members{job="autoscaler"}) + max(exopool_autoscaler_forecast_margin_members{job="autoscaler"})`:                             "webhooks decide, not the load",
	`max(exopool_autoscaler_wanted_members{job="autoscaler"})`:                                                                                                   "webhooks decide, not the load",
	`max(exopool_autoscaler_pool_members_by_condition{job="autoscaler",condition="serving"}) and on () max(exopool_autoscaler_wanted_members{job="autoscaler"})`: "webhooks decide, not the load",
	`exopool:autoscaler_pause_age:hours{job=""}`:                                                                                                                 "it is not paused",
	`max(exopool_autoscaler_paused{job="autoscaler"}) == 1`:                                                                                                      "it is not paused",
	`sum(increase(exopool_autoscaler_foreign_changes_total{job="autoscaler"}[5m])) > 0`:                                                                          "no other client scales",
	`exopool:member_requests:rate1m{job=""}`:                                                                                                                     "this application does not count its requests",
	`sum by (reason) (increase(exopool_discovery_refresh_failures_total{job="discovery"}[5m])) > 0`:                                                              "no refresh fails",
	`increase(exopool_autoscaler_state_errors_total{job="autoscaler"}[5m]) > 0`:                                                                                  "no write fails",
	`sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total{job="prometheus"}[5m])) > 0`:                                                        "no rule fails",
	`sum by (reason) (increase(exopool_autoscaler_decisions_total{job="autoscaler",result="failed"}[20s])) > 0`:                                                  "no decision fails",
	`sum by (reason) (increase(exopool_autoscaler_decisions_total{job="autoscaler",result="failed"}[5m])) > 0`:                                                   "no decision fails",
}

func TestARunningSystem(t *testing.T) {
	t.Parallel()
	prometheus := tool(t, "prometheus")
	in := install(t)
	in.programs(t)
	in.prometheus(t, prometheus, "")

	t.Run("exports metrics in which promtool finds no fault", func(t *testing.T) { checkMetrics(t, in) })
	t.Run("shows a refused webhook soon", func(t *testing.T) { refuseWebhook(t, in) })
	t.Run("measures its members", func(t *testing.T) { measureMembers(t, in) })
	t.Run("fills its dashboards", func(t *testing.T) { fillDashboards(t, in) })
	t.Run("evaluates all its rules", func(t *testing.T) { evaluateRules(t, in.server) })
	t.Run("evicts the least busy", func(t *testing.T) { evictLeastBusy(t, in) })
}

func checkMetrics(t *testing.T, in *installation) {
	t.Helper()
	for name, port := range map[string]string{"autoscaler": "8090", "discovery": "8091"} {
		metrics := in.get(t, port+"/metrics")
		require.Contains(t, metrics, "exopool_"+name)
		cmd := exec.CommandContext(t.Context(), tool(t, "promtool"), "check", "metrics")
		cmd.Stdin = strings.NewReader(metrics)
		said, err := cmd.CombinedOutput()
		assert.NoError(t, err, name)
		assert.Empty(t, string(said), name)
	}
}

func refuseWebhook(t *testing.T, in *installation) {
	t.Helper()
	// A counter that was seen before its first increase shows that increase.
	awaitSample(t, in.server, `up{job="autoscaler"} == 1`)
	awaitSample(t, in.server, `exopool_autoscaler_webhooks_total{outcome="refused"} == 0`)
	began := time.Now()
	require.Equal(t, http.StatusUnauthorized, in.webhook(t, "/up", "wrong"))
	require.Equal(t, http.StatusOK, in.webhook(t, "/up", token))
	awaitSample(t, in.server, `exopool:webhooks_refused:increase5m{outcome="refused"} > 0`)
	assert.Less(t, time.Since(began), 20*time.Second, "a refused webhook is visible soon")
}

// measureMembers compares what the autoscaler knows with what Prometheus does, for
// the addresses of members, which the cloud gives to the one and discovery to the
// other.
func measureMembers(t *testing.T, in *installation) {
	t.Helper()
	awaitSample(t, in.server, `exopool_autoscaler_pool_members_measured >= 2`)
	client, err := promquery.New(promquery.Config{URL: "http://" + in.address + ":9090", Query: `exopool:member_load:percent{job=""}`})
	require.NoError(t, err)
	busy, err := client.Busy(t.Context())
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(busy), 2)
	for member, load := range busy {
		assert.True(t, load >= 0 && load <= 100, "%s: %v", member, load)
	}
	client, err = promquery.New(promquery.Config{URL: "http://" + in.address + ":9090", Query: "time()"})
	require.NoError(t, err)
	_, err = client.Busy(t.Context())
	assert.ErrorContains(t, err, "the result is not a value for each member")
	client, err = promquery.New(promquery.Config{URL: "http://" + in.address + ":9090", Query: "no query"})
	require.NoError(t, err)
	_, err = client.Busy(t.Context())
	assert.ErrorContains(t, err, "parse error")
}

func fillDashboards(t *testing.T, in *installation) {
	t.Helper()
	for _, board := range dashboards(t) {
		for _, query := range queriesOf(board) {
			if why, ok := silent[query]; ok {
				assert.Zero(t, in.ask(t, query), "%s: %s", board.Title, why)
				continue
			}
			// Steps of a subquery begin with full minutes, for which the test does not wait.
			awaitSample(t, in.server, strings.ReplaceAll(query, ":1m]", ":1s]"))
		}
	}
}

func evaluateRules(t *testing.T, s *server) {
	t.Helper()
	var rules struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	s.getJSON(t, "/api/v1/rules", &rules)
	require.NotEmpty(t, rules.Data.Groups)
	for _, group := range rules.Data.Groups {
		for _, rule := range group.Rules {
			assert.Equal(t, "ok", rule.Health, "%s: %s", rule.Name, rule.LastError)
		}
	}
	assert.Zero(t, s.ask(t, `exopool:autoscaler_decision_age:turns > 3`))
}

// evictLeastBusy lets the pool shrink, once all members are measured.
func evictLeastBusy(t *testing.T, in *installation) {
	t.Helper()
	awaitSample(t, in.server, `exopool_autoscaler_pool_members_measured == 3`)
	require.Equal(t, http.StatusOK, in.webhook(t, "/down", token))
	awaitSample(t, in.server, `exopool_autoscaler_evictions_total{why="least-busy"} == 1`)
}

// awaitSample returns once a query has shown something.
func awaitSample(t *testing.T, s *server, query string) {
	t.Helper()
	require.Eventually(t, func() bool { return s.ask(t, query) > 0 }, 60*time.Second, 200*time.Millisecond, query)
}
