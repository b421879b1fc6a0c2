package promserver

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
)

// maxSeries bounds a list of series.
const maxSeries = 10_000

func (s *Server) labelNames(r *http.Request) (any, error) {
	return query(s, r, func(q storage.Querier, matchers []*labels.Matcher) ([]string, error) {
		names, _, err := q.LabelNames(r.Context(), nil, matchers...)
		return append([]string{}, names...), err
	})
}

func (s *Server) labelValues(r *http.Request) (any, error) {
	return query(s, r, func(q storage.Querier, matchers []*labels.Matcher) ([]string, error) {
		values, _, err := q.LabelValues(r.Context(), r.PathValue("name"), nil, matchers...)
		return append([]string{}, values...), err
	})
}

func (s *Server) seriesList(r *http.Request) (any, error) {
	return query(s, r, func(q storage.Querier, matchers []*labels.Matcher) ([]labels.Labels, error) {
		if len(matchers) == 0 {
			return nil, badQuery{errors.New("which series: give match[]")}
		}
		set := q.Select(r.Context(), true, nil, matchers...)
		list := []labels.Labels{}
		for set.Next() && len(list) < maxSeries {
			list = append(list, set.At().Labels())
		}
		return list, set.Err()
	})
}

// query opens the database for the time range and the first selector of a
// request: Grafana sends no more than one.
func query[T any](s *Server, r *http.Request, f func(storage.Querier, []*labels.Matcher) (T, error)) (any, error) {
	now := time.Now()
	start, err := instant(r, "start", now.Add(-retention))
	if err != nil {
		return nil, err
	}
	end, err := instant(r, "end", now)
	if err != nil {
		return nil, err
	}
	var matchers []*labels.Matcher
	if err := r.ParseForm(); err != nil {
		return nil, badQuery{err}
	}
	if selector := r.Form.Get("match[]"); selector != "" {
		if matchers, err = parser.NewParser(parser.Options{}).ParseMetricSelector(selector); err != nil {
			return nil, badQuery{err}
		}
	}
	querier, err := s.db.Querier(start.UnixMilli(), end.UnixMilli())
	if err != nil {
		return nil, err
	}
	defer querier.Close()
	found, err := f(querier, matchers)
	if err != nil {
		return nil, err
	}
	// Strings are valid until the querier is closed.
	text, err := json.Marshal(found)
	return json.RawMessage(text), err
}
