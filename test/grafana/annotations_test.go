package grafana_test

import (
	"encoding/json"
	"io/fs"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/annotate"
	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
	"github.com/exopool/exopool/internal/programtest"
	"github.com/exopool/exopool/terraform/files"
)

// The dashboard shows of each resize what the status page says of it.
func TestDashboardSaysWhyThePoolWasResized(t *testing.T) {
	w := newWorld(t, medium)
	w.start(t)
	said := &programtest.Output{}
	write := func(role string) *annotate.Client {
		token, err := w.grafana.NewToken(t.Context(), "autoscaler as "+role, role)
		require.NoError(t, err)
		client, err := annotate.New(annotate.Config{
			URL: w.grafana.URL(), Token: token, Retry: time.Second, Logger: slog.New(slog.NewTextHandler(said, nil)),
		})
		require.NoError(t, err)
		background(t, client.Run)
		return client
	}

	grafana := write("Editor")
	loop, err := autoscale.New(autoscale.Config{
		Pool: fake.NewPool(poolID, 1, nil), PoolName: "<b>web</b>", Decided: func(d autoscale.Decision) {
			grafana.Add(annotate.Annotation{At: d.Time, Text: d.Headline(), Tags: []string{"exopool", string(d.Result), string(d.Reason)}})
		},
	})
	require.NoError(t, err)
	loop.Record(t.Context(), autoscale.Up)
	resized := loop.RunOnce(t.Context())
	require.Equal(t, autoscale.Resized, resized.Result)
	require.Equal(t, autoscale.Held, loop.RunOnce(t.Context()).Result)

	tags, limit := shownAnnotations(t)
	require.Eventually(t, func() bool {
		shown, err := w.grafana.Annotations(t.Context(), []string{"exopool", string(autoscale.Held)}, limit)
		return assert.NoError(t, err) && len(shown) == 1
	}, time.Minute, poll, "both were written, in this order")
	shown, err := w.grafana.Annotations(t.Context(), tags, limit)
	require.NoError(t, err)
	require.Len(t, shown, 1, "only what changed the pool")
	assert.Equal(t, resized.Time.UnixMilli(), shown[0].At.UnixMilli())
	assert.Equal(t, resized.Headline(), shown[0].Text)
	assert.Contains(t, shown[0].Text, "went from 1 to 2 members: a webhook asked for it (step-up).")
	assert.Equal(t, []string{"exopool", "resized", "step-up"}, shown[0].Tags)
	assert.Empty(t, said.String())

	// No lower role will do.
	write("Viewer").Add(annotate.Annotation{At: time.Now(), Text: "of a viewer", Tags: []string{"exopool"}})
	said.Await(t, "status 403: the token is not that of a service account that may write annotations")
}

// shownAnnotations returns how the dashboard of the pool asks for annotations.
func shownAnnotations(t *testing.T) (tags []string, limit int) {
	t.Helper()
	text, err := fs.ReadFile(files.Monitoring(), "etc/grafana/dashboards/pool.json")
	require.NoError(t, err)
	var board struct {
		Annotations struct {
			List []struct {
				BuiltIn    int
				Datasource struct{ UID string }
				Enable     bool
				Target     struct {
					Type     string
					Tags     []string
					MatchAny bool
					Limit    int
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &board))
	for _, a := range board.Annotations.List {
		if a.BuiltIn == 0 && a.Datasource.UID == "-- Grafana --" {
			require.True(t, a.Enable)
			require.Equal(t, "tags", a.Target.Type)
			require.False(t, a.Target.MatchAny)
			return a.Target.Tags, a.Target.Limit
		}
	}
	require.Fail(t, "the dashboard shows no annotations of Grafana's own")
	return nil, 0
}
