package promquery_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/promquery"
)

var monday = time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC)

// server answers like Prometheus: the minutes since Monday, up to 11,000 points.
type server struct{ requests int }

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests++
	number := func(name string) float64 {
		n, err := strconv.ParseFloat(r.FormValue(name), 64)
		if err != nil {
			http.Error(w, "bad "+name, http.StatusBadRequest)
		}
		return n
	}
	start, end, step := number("start"), number("end"), number("step")
	if (end-start)/step > 11_000 {
		http.Error(w, `{"status":"error","errorType":"bad_data","error":"exceeded maximum resolution"}`, http.StatusBadRequest)
		return
	}
	var values [][2]any
	for at := start; at <= end; at += step {
		values = append(values, [2]any{at, fmt.Sprint((at - float64(monday.Unix())) / 60)})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{
		"resultType": "matrix", "result": []any{map[string]any{"metric": map[string]string{}, "values": values}},
	}})
}

func TestHistoryComesInParts(t *testing.T) {
	t.Parallel()
	s := &server{}
	client := newClient(t, s.ServeHTTP)
	points, err := client.History(t.Context(), monday, monday.Add(25_000*time.Minute), time.Minute)
	require.NoError(t, err)
	assert.Equal(t, 3, s.requests)
	require.Len(t, points, 25_001)
	for i, p := range points {
		require.True(t, p.At.Equal(monday.Add(time.Duration(i)*time.Minute)), "%d", i)
		require.InDelta(t, i, p.Value, 0)
	}
}

func matrix(values ...string) string {
	return `{"status":"success","data":{"resultType":"matrix","result":[` + strings.Join(values, ",") + `]}}`
}

func values(list ...string) string {
	pairs := make([]string, 0, len(list))
	for i, v := range list {
		pairs = append(pairs, fmt.Sprintf("[%d,%q]", monday.Unix()+int64(60*i), v))
	}
	return `{"metric":{},"values":[` + strings.Join(pairs, ",") + `]}`
}

func TestHistoryIsChecked(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body    string
		want    int
		problem string
	}{
		"all":              {matrix(values("1", "2", "3")), 3, ""},
		"none":             {matrix(), 0, ""},
		"not numbers":      {matrix(values("1", "NaN", "-1", "+Inf", "2")), 2, ""},
		"two series":       {matrix(values("1"), values("2")), 0, "there are 2 series"},
		"no matrix":        {vector(), 0, "not a series of values"},
		"null":             {matrix("null"), 0, "no numbers"},
		"of another time":  {matrix(`{"metric":{},"values":[[1,"1"]]}`), 0, "not asked for"},
		"out of order":     {matrix(fmt.Sprintf(`{"metric":{},"values":[[%d,"1"],[%d,"1"]]}`, monday.Unix()+60, monday.Unix())), 0, "not asked for"},
		"error of a query": {`{"status":"error","errorType":"bad_data","error":"parse error"}`, 0, "parse error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, answer(http.StatusOK, tt.body))
			points, err := client.History(t.Context(), monday, monday.Add(time.Hour), time.Minute)
			if tt.problem != "" {
				require.ErrorContains(t, err, tt.problem)
				return
			}
			require.NoError(t, err)
			assert.Len(t, points, tt.want)
		})
	}
}

func TestHistoryRefusesWhatIsNoTime(t *testing.T) {
	t.Parallel()
	client := newClient(t, answer(http.StatusOK, matrix()))
	for problem, ask := range map[string]struct {
		length, step time.Duration
	}{
		"1s or longer":      {time.Hour, time.Millisecond},
		"before it begins":  {-time.Hour, time.Minute},
		"more than 5300000": {20 * 365 * 24 * time.Hour, time.Minute},
	} {
		_, err := client.History(t.Context(), monday, monday.Add(ask.length), ask.step)
		require.ErrorContains(t, err, problem)
	}
}

func FuzzHistory(f *testing.F) {
	f.Add(200, matrix(values("1", "NaN", "3")))
	f.Add(200, matrix("null"))
	f.Add(422, `{"status":"error"}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		client, err := promquery.NewOver(promquery.Config{URL: "http://192.0.2.9", Query: query}, transport(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		}))
		require.NoError(t, err)
		points, err := client.History(t.Context(), monday, monday.Add(time.Hour), time.Minute)
		if err != nil {
			return
		}
		for i, p := range points {
			assert.True(t, p.Value >= 0 && p.Value <= math.MaxFloat64, p.Value)
			assert.True(t, i == 0 || p.At.After(points[i-1].At))
		}
	})
}
