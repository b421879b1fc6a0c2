package promserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/notifier"
	"github.com/exopool/exopool/internal/rehearsal/promserver"
)

// minimalFiles are the files of a monitoring machine with few jobs.
func minimalFiles(more fstest.MapFS) fstest.MapFS {
	all := fstest.MapFS{
		"etc/exopool/prometheus.yml": {Data: []byte(`
global: {scrape_interval: 5s, scrape_timeout: 4s, evaluation_interval: 5s}
rule_files: [rules/*.yml, /etc/more/*.yml]
scrape_configs:
  - job_name: pool
    file_sd_configs: [{files: [/srv/service-discovery/config.json]}]
  - job_name: autoscaler
    static_configs: [{targets: ["127.0.0.1:8090"]}]
  - job_name: absent
    static_configs: [{targets: ["127.0.0.1:1"]}]
`)},
	}
	maps.Copy(all, more)
	return all
}

// ask asks the query API.
func (s *testServer) ask(t *testing.T, path string, form url.Values) (status int, data string) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/api/v1/"+path+"?"+form.Encode(), nil)
	s.Handler().ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	var answer struct {
		Data  json.RawMessage
		Error string
	}
	require.NoError(t, json.Unmarshal(body, &answer), "%s", body)
	return w.Code, answer.Error + string(answer.Data)
}

func (s *testServer) awaitAnswer(t *testing.T, query, part string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		status, data := s.ask(t, "query", url.Values{"query": {query}})
		assert.Equal(c, http.StatusOK, status)
		assert.Contains(c, data, part)
	}, deadline, look, query)
}

func TestJobsAreScrapedAtTheirAddresses(t *testing.T) {
	t.Parallel()
	autoscaler, member := newExporter(t, 0.5), newExporter(t, 0.5)
	s := newTestServer(t, func(cfg *promserver.Config) {
		cfg.Files = minimalFiles(nil)
		cfg.Addresses = map[string]string{"autoscaler": autoscaler.instance()}
	})
	s.write(t, member)

	s.awaitAnswer(t, `up{job="autoscaler"}`, autoscaler.instance())
	s.awaitAnswer(t, `up{job="pool"}`, member.instance())
	_, data := s.ask(t, "query", url.Values{"query": {`up{job="absent"}`}})
	assert.NotContains(t, data, "metric", "it has no address")
}

func TestRulesAreRecordedWithTheirDurationsDividedBySpeed(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, func(cfg *promserver.Config) {
		cfg.Files = minimalFiles(fstest.MapFS{
			"etc/exopool/rules/a.yml": {Data: []byte(`
groups: [{name: a, interval: 1s, rules: [{record: "a:samples", expr: 'count_over_time(up{job="pool"}[1m])'}]}]
`)},
			"etc/more/b.yml": {Data: []byte(`
groups: [{name: b, rules: [{record: "b:const", expr: "7"}]}]
`)},
		})
	})
	s.write(t, newExporter(t, 0.5))

	s.awaitAnswer(t, "b:const", `"7"`)
	s.awaitAnswer(t, "a:samples > 9", "instance") // A minute of scrapes each five seconds has twelve.
	end := time.Now().Add(2 * time.Second)
	for time.Now().Before(end) {
		_, data := s.ask(t, "query", url.Values{"query": {"a:samples > 14"}})
		require.NotContains(t, data, "metric", "the window is a thirtieth of a minute")
	}
}

func TestThresholdsAreThoseOfTheFiles(t *testing.T) {
	t.Parallel()
	low, high, err := newTestServer(t, nil).Limits(t.Context())

	require.NoError(t, err)
	assert.InDelta(t, 20, low, 0)
	assert.InDelta(t, 80, high, 0)

	_, _, err = newTestServer(t, func(cfg *promserver.Config) {
		cfg.Files, cfg.Notify = minimalFiles(nil), nil
	}).Limits(t.Context())
	assert.ErrorContains(t, err, "none records exopool:cpu_")
}

func TestAlertRulesThatCannotBeReadAreNamed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ rules, says string }{
		"missing":      {"groups: []", "none has the label autoscale"},
		"no condition": {`groups: [{rules: [{title: CPU high, condition: C, labels: {autoscale: up}, data: [{refId: A, model: {expr: "1"}}]}]}]`, `rule CPU high: its condition "C"`},
		"other kind":   {`groups: [{rules: [{title: CPU high, condition: B, labels: {autoscale: up}, data: [{refId: B, model: {type: threshold}}]}]}]`, "B is neither"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			m, err := promserver.Open(promserver.Config{
				Dir: filepath.Join(dir, "tsdb"), TargetsFile: filepath.Join(dir, "config.json"), Speed: 30,
				Files:  minimalFiles(fstest.MapFS{"etc/grafana/provisioning/alerting/rules.yaml": {Data: []byte(test.rules)}}),
				Notify: func(context.Context, []notifier.Alert) {},
			})
			require.NoError(t, err)
			defer m.Close()

			assert.ErrorContains(t, m.Run(t.Context()), test.says)
		})
	}
}

func TestSeriesOfAMemberAreNotThoseOfTheRules(t *testing.T) {
	t.Parallel()
	honest := newExporter(t, 0.5)
	liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		honest.ServeHTTP(w, r)
		fmt.Fprint(w, "exopool:cpu:percent 99\nexopool:cpu_high:percent 1\nup{member=\"another\"} 1\n")
	}))
	t.Cleanup(liar.Close)
	s := newTestServer(t, nil)
	s.write(t, honest, &exporter{Server: liar})

	// In the order in which they are recorded.
	s.awaitAnswer(t, `count(exopool:member_cpu:percent) == 2`, `"2"`)
	s.awaitAnswer(t, `count(exopool:cpu_at_most:percent)`, `"1"`)
	average, known := s.average(t)
	assert.True(t, known)
	assert.InDelta(t, 50, average, 15)
	_, data := s.ask(t, "query", url.Values{"query": {`count(exopool:cpu:percent) + count(up{job="pool"})`}})
	assert.Contains(t, data, `"3"`, "one signal, two members: %s", data)
}

func TestQueryAPIAnswersAsPrometheusDoes(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, nil)
	member := newExporter(t, 0.5)
	s.write(t, member)
	s.awaitAnswer(t, promserver.Signal, `"resultType":"vector"`)
	s.awaitAnswer(t, promserver.Signal, "__name__")
	now := time.Now()
	span := url.Values{"start": {now.Add(-time.Minute).Format(time.RFC3339)}, "end": {now.Format(time.RFC3339)}, "step": {"15s"}}
	with := func(name, value string) url.Values {
		form := maps.Clone(span)
		form.Set(name, value)
		return form
	}
	for _, test := range []struct {
		path   string
		form   url.Values
		status int
		part   string
	}{
		{"query", url.Values{"query": {"1+1"}}, http.StatusOK, `"2"`},
		{"query_range", with("query", "vector(3)"), http.StatusOK, `"resultType":"matrix"`},
		{"query_range", with("step", "0"), http.StatusBadRequest, "a range from start to end"},
		{"query_range", with("step", "x"), http.StatusBadRequest, "neither seconds nor like 5m"},
		{"query", url.Values{"query": {"1"}, "time": {"noon"}}, http.StatusBadRequest, "nor RFC 3339"},
		{"query", url.Values{"query": {"sum("}}, http.StatusBadRequest, "parse error"},
		{"query", url.Values{"query": {"up + on() up"}}, http.StatusOK, ""},
		{"labels", nil, http.StatusOK, "instance"},
		{"label/job/values", nil, http.StatusOK, "pool"},
		{"series", url.Values{"match[]": {"up"}}, http.StatusOK, member.instance()},
		{"series", nil, http.StatusBadRequest, "match[]"},
		{"status/buildinfo", nil, http.StatusOK, "version"},
	} {
		status, data := s.ask(t, test.path, test.form)
		assert.Equal(t, test.status, status, "%s %v: %s", test.path, test.form, data)
		assert.Contains(t, data, test.part, "%s %v", test.path, test.form)
	}
}
