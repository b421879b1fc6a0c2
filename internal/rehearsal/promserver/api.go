package promserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// maxPoints bounds a range query, as Prometheus does.
const maxPoints = 11_000

// maxForm bounds the body of a query.
const maxForm = 1 << 20

// Handler serves what Grafana needs of Prometheus: instant and range
// queries and the names and values of labels, as JSON of the HTTP API v1; also
// readiness, and the metrics of the server itself.
//
// Prometheus' own handler is not used: its package does not build beside newer
// releases of what it imports, and brings some thirty modules along.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for path, handle := range map[string]func(*http.Request) (any, error){
		"query":               s.instantQuery,
		"query_range":         s.rangeQuery,
		"labels":              s.labelNames,
		"label/{name}/values": s.labelValues,
		"series":              s.seriesList,
		"status/buildinfo":    buildInfo,
	} {
		mux.Handle("GET /api/v1/"+path, encode(handle))
		mux.Handle("POST /api/v1/"+path, encode(handle))
	}
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.cfg.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /-/ready", func(http.ResponseWriter, *http.Request) {})
	return mux
}

// A badQuery is an error of the client.
type badQuery struct{ error }

// encode writes data and errors as the API does.
func encode(handle func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		data, err := handle(r)
		body, status := map[string]any{"status": "success", "data": data}, http.StatusOK
		if err != nil {
			kind := "execution"
			status = http.StatusUnprocessableEntity
			if _, bad := errors.AsType[badQuery](err); bad {
				kind, status = "bad_data", http.StatusBadRequest
			}
			body = map[string]any{"status": "error", "errorType": kind, "error": err.Error()}
		}
		text, err := json.Marshal(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(text) // fails only if the client has gone
	})
}

func (s *Server) instantQuery(r *http.Request) (any, error) {
	at, err := instant(r, "time", time.Now())
	if err != nil {
		return nil, err
	}
	query, err := s.engine.NewInstantQuery(r.Context(), s.db, nil, r.FormValue("query"), at)
	return result(r, query, err)
}

func (s *Server) rangeQuery(r *http.Request) (any, error) {
	start, err := instant(r, "start", time.Time{})
	if err != nil {
		return nil, err
	}
	end, err := instant(r, "end", time.Time{})
	if err != nil {
		return nil, err
	}
	step, err := span(r.FormValue("step"))
	if err != nil {
		return nil, err
	}
	if step <= 0 || end.Before(start) || end.Sub(start)/step > maxPoints {
		return nil, badQuery{fmt.Errorf("a range from start to end in steps, of which there are at most %d", maxPoints)}
	}
	query, err := s.engine.NewRangeQuery(r.Context(), s.db, nil, r.FormValue("query"), start, end, step)
	return result(r, query, err)
}

func result(r *http.Request, query promql.Query, err error) (any, error) {
	if err != nil {
		return nil, badQuery{err}
	}
	defer query.Close()
	outcome := query.Exec(r.Context())
	if outcome.Err != nil {
		return nil, outcome.Err
	}
	// Values are part of what the query holds: they are encoded before it is
	// closed.
	text, err := json.Marshal(struct {
		Type  parser.ValueType `json:"resultType"`
		Value parser.Value     `json:"result"`
	}{outcome.Value.Type(), outcome.Value})
	return json.RawMessage(text), err
}

func buildInfo(*http.Request) (any, error) {
	return map[string]string{"version": engineVersion}, nil
}

// engineVersion is the release of Prometheus that the engine comes from: the
// module counts 3.15 as 0.315.
const engineVersion = "3.15.0"

// instant reads a time, in seconds since 1970 or as RFC 3339.
func instant(r *http.Request, name string, missing time.Time) (time.Time, error) {
	text := r.FormValue(name)
	if text == "" && !missing.IsZero() {
		return missing, nil
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(seconds) < 1<<40 {
		return time.UnixMilli(int64(seconds * 1000)), nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return at, badQuery{fmt.Errorf("%s is %.40q: neither seconds since 1970 nor RFC 3339", name, text)}
	}
	return at, nil
}

// span reads a length of time, in seconds or like 5m.
func span(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(seconds) < 1<<30 {
		return time.Duration(seconds * float64(time.Second)), nil
	}
	d, err := model.ParseDuration(text)
	if err != nil {
		return 0, badQuery{fmt.Errorf("step is %.40q: neither seconds nor like 5m", text)}
	}
	return time.Duration(d), nil
}
