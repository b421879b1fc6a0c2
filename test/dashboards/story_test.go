//go:build linux

package dashboards_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/notifier"
)

const (
	poll     = 5 * time.Second
	deadline = 15 * time.Minute // of each part of the story
	steady   = 90 * time.Second // is shown at the beginning, between load and quiet, and at the end
)

// followLoad lets clients come until the pool has grown to what they need, and go
// until it is at its minimum again.
func (in *installation) followLoad(t *testing.T) {
	t.Helper()
	in.await(t, "the first member answers", `min(exopool:members_healthy:count) >= 1`)
	in.hold(t, steady)
	in.clients.SetClients(clients)
	in.await(t, "the pool has grown", `min(exopool:members_healthy:count) >= 3 and max(exopool:cpu_at_least:percent) < 80`)
	in.hold(t, steady)
	in.clients.SetClients(0)
	in.await(t, "the pool is at its minimum again", `max(up{job="pool"} offset 1m) and count(up{job="pool"}) == 1`)
	in.hold(t, steady)
}

// hold goes on for a while.
func (in *installation) hold(t *testing.T, d time.Duration) {
	t.Helper()
	began := time.Now()
	in.awaitFunc(t, "time", func() bool { return time.Since(began) >= d })
}

// await returns once a query has a result.
func (in *installation) await(t *testing.T, what, query string) {
	t.Helper()
	in.awaitFunc(t, what, func() bool { return in.holds(t, query) })
	t.Logf("%6.0f s: %s", time.Since(in.began).Seconds(), what)
}

// awaitFunc polls, and meanwhile hands the alerts that fire on to the autoscaler.
func (in *installation) awaitFunc(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		in.notify(t)
		return condition()
	}, deadline, poll, what)
}

// holds reports whether a query has a result now; not while Prometheus starts.
func (in *installation) holds(t *testing.T, query string) bool {
	t.Helper()
	var answer struct {
		Status, Error string
		Data          struct{ Result []json.RawMessage }
	}
	if !in.getJSON(t, "/api/v1/query?"+url.Values{"query": {query}}.Encode(), &answer) {
		return false
	}
	return len(answer.Data.Result) > 0
}

// notify hands the alerts that fire on, as Grafana does.
func (in *installation) notify(t *testing.T) {
	t.Helper()
	var answer struct {
		Data struct {
			Alerts []struct {
				Labels, Annotations map[string]string
				State, Value        string
				ActiveAt            time.Time
			}
		}
	}
	if !in.getJSON(t, "/api/v1/alerts", &answer) {
		return
	}
	var firing []notifier.Alert
	for _, alert := range answer.Data.Alerts {
		if alert.State == "firing" && alert.Labels["autoscale"] != "" {
			value, _ := strconv.ParseFloat(alert.Value, 64)
			firing = append(firing, notifier.Alert{
				Labels: alert.Labels, Annotations: alert.Annotations, Value: value, StartsAt: alert.ActiveAt,
			})
		}
	}
	in.notifier.Update(t.Context(), firing)
}

// getJSON reports whether Prometheus has answered.
func (in *installation) getJSON(t *testing.T, path string, answer any) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, in.url(9090)+path, http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK && json.NewDecoder(resp.Body).Decode(answer) == nil
}
