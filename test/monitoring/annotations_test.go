package monitoring_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What Grafana makes of an annotation with a step of five seconds: the step of
// the query is a hundredth of what the dashboard shows, and the rate interval
// one scrape more, but four scrapes at least. Seen in Grafana's answers.
var zooms = []struct {
	shows, step, rateInterval time.Duration
}{
	{5 * time.Minute, 5 * time.Second, 20 * time.Second},
	{30 * time.Minute, 20 * time.Second, 25 * time.Second},
	{6 * time.Hour, 5 * time.Minute, 5*time.Minute + 5*time.Second},
}

func TestEachResizeIsOneAnnotationAtEachZoom(t *testing.T) {
	t.Parallel()
	const resizes, span = 120, 40 * time.Minute
	db := decisions(t, resizes, span)
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 1_000_000, Timeout: time.Minute, LookbackDelta: time.Minute, Parser: parser.NewParser(parser.Options{}),
	})
	shown := 0
	for _, board := range dashboards(t) {
		for _, a := range board.Annotations.List {
			if !strings.Contains(a.Expr, "decisions_total") {
				continue
			}
			shown++
			assert.Equal(t, "5s", a.Step, "%s: as often as Prometheus scrapes", a.Name)
			for _, zoom := range zooms {
				expr := strings.ReplaceAll(a.Expr, "$__rate_interval", zoom.rateInterval.String())
				query, err := engine.NewRangeQuery(t.Context(), db, nil, expr, time.Unix(0, 0), time.Unix(0, 0).Add(span), zoom.step)
				require.NoError(t, err)
				result := query.Exec(t.Context())
				require.NoError(t, result.Err)
				matrix, err := result.Matrix()
				require.NoError(t, err)
				assert.Equal(t, resizes, matrix.Len(), "%s over %s: resizes that show", a.Name, zoom.shows)
				for _, series := range matrix {
					assert.Equal(t, 1, events(series), "%s over %s: %s", a.Name, zoom.shows, series.Metric)
				}
				query.Close()
			}
		}
	}
	assert.Equal(t, 2, shown)
}

// events counts as Grafana does: points that are a step of the annotation
// apart, or less, are one event.
func events(series promql.Series) int {
	count, last := 0, int64(0)
	for _, point := range series.Floats {
		if count == 0 || point.T > last+5000 {
			count++
		}
		last = point.T
	}
	return count
}

// decisions returns samples of that many counters of each result, which
// increase once, five seconds after one another and in the middle of span.
func decisions(t *testing.T, counters int, span time.Duration) *tsdb.DB {
	t.Helper()
	opts := tsdb.DefaultOptions()
	opts.StripeSize = 64
	db, err := tsdb.Open(t.TempDir(), nil, nil, opts, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	const scrape, phase = 5000, 2300 // ms; scrapes do not come with full seconds
	app := db.Appender(t.Context())
	for _, result := range []string{"resized", "failed"} {
		for i := range counters {
			series := labels.FromStrings("__name__", "exopool_autoscaler_decisions_total", "job", "autoscaler", "result", result, "reason", fmt.Sprintf("at %d", i))
			increases := (span / 4).Milliseconds() + int64(i)*scrape
			for at := int64(phase); at <= span.Milliseconds(); at += scrape {
				value := 0.0
				if at >= increases {
					value = 1
				}
				_, err := app.Append(0, series, at, value)
				require.NoError(t, err)
			}
		}
	}
	require.NoError(t, app.Commit())
	return db
}
