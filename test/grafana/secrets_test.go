package grafana_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
)

// visibly is how soon a webhook that is refused must be seen by everyone.
const visibly = time.Minute

func TestWrongTokenIsSeenWithinAMinute(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]string{"wrong": "some-other-secret", "missing": ""} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, busy)
			w.config.WebhookToken = sent
			w.start(t)

			refused := w.await(t, "/up", 1, fires)
			assert.Equal(t, http.StatusUnauthorized, refused.status)
			assert.Contains(t, w.metrics(t), `{direction="up",outcome="refused"} 1`)
			require.Eventually(t, func() bool {
				state, err := w.state(t.Context(), "Webhooks refused")
				return assert.NoError(t, err) && state == grafanaserver.Firing
			}, visibly+tolerance, poll)
			w.note(t, "the alert Webhooks refused fires %s after the first", seconds(time.Since(refused.at)))

			value, known, err := w.grafana.Query(t.Context(), "prometheus",
				`exopool:webhooks_refused:increase5m{direction="up",outcome="refused"}`)
			require.NoError(t, err)
			assert.True(t, known && value > 0, "and the dashboard shows it")
			up, _ := w.loop.Pending()
			assert.Zero(t, up.Count, "nothing was asked for")
			again := w.await(t, "/up", 2, 30*time.Second)
			w.note(t, "Grafana tries again after %s", seconds(again.at.Sub(refused.at)))
		})
	}
}

func TestTestNotificationDoesNotCount(t *testing.T) {
	w := newWorld(t, medium)
	w.start(t)

	require.NoError(t, w.grafana.SendTest(t.Context(), w.config.AutoscalerURL+"/up", token))

	hook := w.await(t, "/up", 1, 10*time.Second)
	assert.Equal(t, http.StatusOK, hook.status)
	assert.Contains(t, hook.body, `"status":"firing"`, "it looks like any other")
	assert.Contains(t, w.metrics(t), `{direction="up",outcome="ignored"} 1`)
	assert.Contains(t, w.metrics(t), `{direction="up",outcome="accepted"} 0`)
}

// metrics returns the metrics of the autoscaler.
func (w *world) metrics(t *testing.T) string {
	t.Helper()
	answer := httptest.NewRecorder()
	w.hooks.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, answer.Code)
	return answer.Body.String()
}
