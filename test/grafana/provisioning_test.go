package grafana_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// provisionedLate is how long dashboards may take: Grafana reads them after it
// is ready.
const provisionedLate = 30 * time.Second

func TestGrafanaTakesEveryFile(t *testing.T) {
	w := newWorld(t, medium)
	w.start(t)

	t.Run("both rules that scale, and those that watch", func(t *testing.T) {
		rules, err := w.grafana.Rules(t.Context())
		require.NoError(t, err)
		routes := map[string]string{}
		watching := 0
		for _, rule := range rules {
			assert.Equal(t, "ok", rule.Health, "%s: %s", rule.Name, rule.LastError)
			if route := rule.Labels["autoscale"]; route != "" {
				routes[rule.Name] = route
			} else {
				watching++
			}
		}
		assert.Equal(t, map[string]string{"CPU high": "up", "CPU low": "down"}, routes)
		assert.Positive(t, watching)
	})

	t.Run("both contact points, mute when an alert ends", func(t *testing.T) {
		points, err := w.grafana.ContactPoints(t.Context())
		require.NoError(t, err)
		urls := map[string]string{}
		for _, point := range points {
			if point.Type == "webhook" {
				urls[point.Name] = point.Settings.URL
				assert.True(t, point.DisableResolveMessage, point.Name)
			}
		}
		assert.Equal(t, map[string]string{
			"autoscaler-up":   w.config.AutoscalerURL + "/up",
			"autoscaler-down": w.config.AutoscalerURL + "/down",
		}, urls)
	})

	t.Run("the policy that leads to them", func(t *testing.T) {
		root, err := w.grafana.Policy(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "nobody", root.Receiver)
		require.Len(t, root.Routes, 2)
		for _, route := range root.Routes {
			assert.Contains(t, []string{"autoscaler-up", "autoscaler-down"}, route.Receiver)
			assert.Len(t, route.Matchers, 2)
			assert.Equal(t, []string{"0s", "10s", "45s"}, []string{route.GroupWait, route.GroupInterval, route.RepeatInterval})
		}
	})

	t.Run("a data source that answers", func(t *testing.T) {
		require.NoError(t, w.grafana.CheckDatasource(t.Context(), "prometheus"))
		require.Eventually(t, func() bool {
			value, known, err := w.grafana.Query(t.Context(), "prometheus", "exopool:cpu_high:percent")
			return assert.NoError(t, err) && known && assert.InDelta(t, 80, value, 0)
		}, 10*time.Second, poll)
	})

	t.Run("both dashboards", func(t *testing.T) {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			dashboards, err := w.grafana.Dashboards(t.Context())
			require.NoError(c, err)
			var uids []string
			for _, d := range dashboards {
				uids = append(uids, d.UID)
				assert.Equal(c, "Exopool", d.FolderTitle)
			}
			assert.ElementsMatch(c, []string{"exopool-pool", "exopool-health"}, uids)
		}, provisionedLate, poll)
	})
}
