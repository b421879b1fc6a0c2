package main

import (
	"context"
	"errors"
	"time"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/promquery"
	"github.com/exopool/exopool/replay"
)

// A source is the past of a query in a Prometheus.
type source struct {
	promquery.Config

	From, To time.Time // zero: a week before To, and now
	Step     time.Duration
}

// defaultPast is how much of the past is replayed unless that is set.
const defaultPast = 7 * 24 * time.Hour

// addPrometheus declares the settings of a source.
func addPrometheus(set *settings.Set, into *source) {
	into.Step, into.Timeout = time.Minute, 30*time.Second
	server := settings.Add(set, &into.URL, settings.Spec{
		Flag: "prometheus-url", Default: "none", Help: "Prometheus whose past is replayed, such as http://127.0.0.1:9090",
	}, settings.URL())
	query := settings.Add(set, &into.Query, settings.Spec{
		Flag: "query", Arg: "PROMQL", Default: "required with -prometheus-url", Remedy: "give a query for one series, such as sum(rate(http_requests_total[1m]))",
		Help: "query for one series that grows with the load without bounds, such as sum(rate(http_requests_total[1m]))",
	}, settings.Text("PROMQL", nil))
	from := settings.Add(set, &into.From, settings.Spec{Flag: "from", Default: "a week before -to", Help: "when the past begins"}, instant())
	to := settings.Add(set, &into.To, settings.Spec{Flag: "to", Default: "now", Help: "when it ends"}, instant())
	settings.Add(set, &into.Step, settings.Spec{
		Flag: "step", Help: "time from one value of the query to the next",
	}, settings.Duration(time.Second, time.Hour))
	set.Check(func() {
		switch {
		case server.Given() && into.Query == "":
			query.Wrong("is missing: -prometheus-url needs it")
		case !server.Given() && (query.Given() || from.Given() || to.Given()):
			server.Wrong("is missing: -query, -from and -to need it")
		case from.Given() && to.Given() && !into.From.Before(into.To):
			from.Wrong("is not earlier than -to")
		}
	}, server, query, from, to)
}

// instant returns the kind of times.
func instant() settings.Kind[time.Time] {
	return settings.Kind[time.Time]{
		Arg: "TIME", Remedy: "give a time such as 2026-03-01T00:00:00Z",
		Parse: func(text string) (time.Time, error) {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return time.Time{}, errors.New("is no time with a zone")
			}
			return at, nil
		},
	}
}

// read asks the server. What it has no value for is a gap of the trace.
func (s source) read(ctx context.Context, now time.Time) (replay.Trace, error) {
	client, err := promquery.New(s.Config)
	if err != nil {
		return replay.Trace{}, err
	}
	to := s.To
	if to.IsZero() {
		to = now.Truncate(time.Second)
	}
	from := s.From
	if from.IsZero() {
		from = to.Add(-defaultPast)
	}
	past, err := client.History(ctx, from, to, s.Step)
	if err != nil {
		return replay.Trace{}, err
	}
	points := make([]replay.Point, 0, len(past))
	for _, p := range past {
		points = append(points, replay.Point{At: p.At.Sub(from), Load: p.Value})
	}
	return replay.NewTrace("prometheus", points)
}
