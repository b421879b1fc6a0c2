package promquery_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/internal/configerr"
	"github.com/exopool/exopool/promquery"
)

var _ autoscale.Meter = (*promquery.Client)(nil)

const query = `exopool:member_load:percent{job=""}`

// newClient returns a client of a server that answers with the handler.
func newClient(t *testing.T, handler http.HandlerFunc, change ...func(*promquery.Config)) *promquery.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	cfg := promquery.Config{URL: server.URL, Query: query}
	for _, f := range change {
		f(&cfg)
	}
	client, err := promquery.New(cfg)
	require.NoError(t, err)
	return client
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// series is one series of an answer, with a sample of some age.
func series(instance, value string, age time.Duration) string {
	at := float64(time.Now().Add(-age).UnixMilli()) / 1000
	return fmt.Sprintf(`{"metric":{"__name__":"exopool:member_load:percent","instance":%q},"value":[%.3f,%q]}`, instance, at, value)
}

func vector(series ...string) string {
	return `{"status":"success","data":{"resultType":"vector","result":[` + strings.Join(series, ",") + `]}}`
}

func TestMembersAreMeasured(t *testing.T) {
	t.Parallel()
	type loads = map[string]float64
	for name, tt := range map[string]struct {
		body string
		want loads
	}{
		"each by its address": {
			vector(series("192.0.2.1:9100", "12.5", 0), series("192.0.2.2", "0", time.Second), series("[2001:db8::1]:9100", "100", 0)),
			loads{"192.0.2.1": 12.5, "192.0.2.2": 0, "2001:db8::1": 100},
		},
		"IPv4 as such":       {vector(series("[::ffff:192.0.2.1]:9100", "1", 0)), loads{"192.0.2.1": 1}},
		"nobody":             {vector(), loads{}},
		"other measures":     {vector(series("192.0.2.1:9100", "1e9", 0)), loads{"192.0.2.1": 1e9}},
		"no number":          {vector(series("192.0.2.1:9100", "NaN", 0), series("192.0.2.2:9100", "1", 0)), loads{"192.0.2.2": 1}},
		"infinite":           {vector(series("192.0.2.1:9100", "+Inf", 0), series("192.0.2.2:9100", "1", 0)), loads{"192.0.2.2": 1}},
		"negative":           {vector(series("192.0.2.1:9100", "-1", 0), series("192.0.2.2:9100", "1", 0)), loads{"192.0.2.2": 1}},
		"too old":            {vector(series("192.0.2.1:9100", "1", 70*time.Second), series("192.0.2.2:9100", "1", 50*time.Second)), loads{"192.0.2.2": 1}},
		"not yet":            {vector(series("192.0.2.1:9100", "1", -70*time.Second), series("192.0.2.2:9100", "1", 0)), loads{"192.0.2.2": 1}},
		"one twice":          {vector(series("192.0.2.1:9100", "1", 0), series("192.0.2.1:8080", "2", 0), series("192.0.2.2:9100", "1", 0)), loads{"192.0.2.2": 1}},
		"one three times":    {vector(series("192.0.2.1:1", "1", 0), series("192.0.2.1:2", "2", 0), series("192.0.2.1:3", "2", 0), series("192.0.2.2:9100", "1", 0)), loads{"192.0.2.2": 1}},
		"a name":             {vector(series("web-1:9100", "1", 0), series("192.0.2.2:9100", "1", 0)), loads{"192.0.2.2": 1}},
		"of a link only":     {vector(series("fe80::1%eth0", "1", 0), series("192.0.2.2:9100", "1", 0)), loads{"192.0.2.2": 1}},
		"twice, once usable": {vector(series("192.0.2.1:9100", "NaN", 0), series("192.0.2.1:8080", "2", 0), series("192.0.2.2:9100", "1", 0)), loads{"192.0.2.2": 1}},
		"null":               {vector("null", series("192.0.2.2:9100", "1", 0)), loads{"192.0.2.2": 1}},
		"a histogram": {
			vector(`{"metric":{"instance":"192.0.2.1"},"histogram":[4102444800,{"count":"1","sum":"1","buckets":[[0,"0","1","1"]]}]}`, series("192.0.2.2:9100", "1", 0)),
			loads{"192.0.2.2": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newClient(t, answer(200, tt.body)).Busy(t.Context())
			require.NoError(t, err)
			want := map[netip.Addr]float64{}
			for member, load := range tt.want {
				want[netip.MustParseAddr(member)] = load
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status int
		body   string
		want   string
	}{
		"a scalar":             {200, `{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}`, "the result is not a value for each member"},
		"a matrix":             {200, `{"status":"success","data":{"resultType":"matrix","result":[]}}`, "the result is not a value for each member"},
		"no data":              {200, `{"status":"success"}`, "the result is not a value for each member"},
		"nothing usable":       {200, vector(series("web-1", "1", 0), series("192.0.2.1", "NaN", 0)), `none of 2 series can be used: label instance is "web-1", not an address`},
		"no label":             {200, vector(`{"metric":{},"value":[1,"1"]}`), `none of 1 series can be used: label instance is "", not an address`},
		"all of the same":      {200, vector(series("192.0.2.1:1", "1", 0), series("192.0.2.1:2", "1", 0)), "none of 2 series can be used: there are several of 192.0.2.1"},
		"a web page":           {200, "<html>", `it answers "bad_response: invalid character '<' looking for beginning of value"`},
		"a wrong query":        {400, `{"status":"error","errorType":"bad_data","error":"parse error"}`, `it answers "bad_data: parse error"`},
		"an error as success":  {200, `{"status":"error","errorType":"internal","error":"x"}`, `it answers "internal: x"`},
		"no access":            {401, "", `it answers "client_error: client error: 401"`},
		"an error that chats":  {400, `{"status":"error","errorType":"bad_data","error":"` + strings.Repeat("x", 1<<20) + `"}`, `it answers "bad_data: ` + strings.Repeat("x", 190) + `"`},
		"an error with a line": {400, `{"status":"error","errorType":"bad_data","error":"a\nb"}`, `it answers "bad_data: a\nb"`},
		"too much":             {200, `{"status":"` + strings.Repeat("x", 5<<20) + `"}`, "it answers more than 4194304 bytes"},
		"another server":       {302, "", "it redirects: give the address that answers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				answer(tt.status, tt.body)(w, r)
			})
			got, err := client.Busy(t.Context())
			require.Error(t, err)
			assert.Empty(t, got)
			_, problem, _ := strings.Cut(err.Error(), "query Prometheus at 127.0.0.1:")
			_, problem, _ = strings.Cut(problem, ": ")
			assert.Equal(t, tt.want, problem)
		})
	}
}

// The age is that of the moment in which the answer is read, so a slow host makes
// it longer.
func TestSampleThatIsTooOldSaysItsAge(t *testing.T) {
	t.Parallel()
	client := newClient(t, answer(http.StatusOK, vector(series("192.0.2.1", "1", time.Hour))))
	_, err := client.Busy(t.Context())
	require.Error(t, err)
	found := regexp.MustCompile(`: none of 1 series can be used: the sample of 192\.0\.2\.1 is (\S+) old$`).FindStringSubmatch(err.Error())
	require.NotNil(t, found, err.Error())
	age, err := time.ParseDuration(found[1])
	require.NoError(t, err)
	assert.InDelta(t, time.Hour, age, float64(10*time.Minute))
}

// TestTheServerIsAskedForWhatIsNew: only it knows how old samples are.
func TestTheServerIsAskedForWhatIsNew(t *testing.T) {
	t.Parallel()
	for name, onlyGet := range map[string]bool{"as a form": false, "in the address, where forms are refused": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked map[string]string
			client := newClient(t, func(w http.ResponseWriter, r *http.Request) {
				if onlyGet && r.Method != http.MethodGet {
					w.WriteHeader(http.StatusMethodNotAllowed)
					return
				}
				asked = map[string]string{"path": r.URL.Path}
				for _, key := range []string{"query", "lookback_delta", "timeout", "time"} {
					asked[key] = r.FormValue(key)
				}
				answer(200, vector())(w, r)
			}, func(cfg *promquery.Config) { cfg.URL += "/prometheus/" })
			_, err := client.Busy(t.Context())
			require.NoError(t, err)
			assert.Equal(t, map[string]string{
				"path": "/prometheus/api/v1/query", "query": query, "lookback_delta": "1m0s", "timeout": "5s", "time": "",
			}, asked)
		})
	}
}

func TestAServerThatIsSilentIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	silent := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // so that the server learns when the client leaves
		<-r.Context().Done()
	}
	client := newClient(t, silent, func(cfg *promquery.Config) { cfg.Timeout = 10 * time.Millisecond })
	_, err := client.Busy(t.Context())
	require.ErrorIs(t, err, context.DeadlineExceeded)

	client = newClient(t, silent)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = client.Busy(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestErrorsNameTheServerAlone(t *testing.T) {
	t.Parallel()
	client, err := promquery.NewOver(promquery.Config{URL: "https://metrics.example.com/secret-path", Query: "secret query"},
		transport(func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }))
	require.NoError(t, err)
	_, err = client.Busy(t.Context())
	assert.EqualError(t, err, "query Prometheus at metrics.example.com: no route")
}

func TestConfigurationsAreChecked(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cfg    promquery.Config
		fields []string
	}{
		"nothing":        {promquery.Config{}, []string{"URL", "Query"}},
		"a password":     {promquery.Config{URL: "http://user:hunter2@192.0.2.1", Query: query}, []string{"URL"}},
		"a query":        {promquery.Config{URL: "http://192.0.2.1/?hunter2=1", Query: query}, []string{"URL"}},
		"another scheme": {promquery.Config{URL: "ftp://hunter2", Query: query}, []string{"URL"}},
		"no host":        {promquery.Config{URL: "http:///hunter2", Query: query}, []string{"URL"}},
		"no address":     {promquery.Config{URL: "http://%zzhunter2", Query: query}, []string{"URL"}},
		"odd times":      {promquery.Config{URL: "http://192.0.2.1", Query: query, MaxAge: -1, Timeout: time.Hour}, []string{"MaxAge", "Timeout"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := promquery.New(tt.cfg)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "hunter2")
			var fields []string
			for _, e := range configerr.Errors(err) {
				fields = append(fields, e.Field)
			}
			assert.Equal(t, tt.fields, fields)
		})
	}
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// FuzzAnswer: whatever a server answers, loads are numbers of addresses, and
// errors are short.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		vector(series("192.0.2.1:9100", "12.5", 0), series("[::1]:9100", "NaN", 0)), vector("null"), vector(`{"metric":null,"value":[1e99,"1"]}`),
		vector(`{"metric":{"instance":"192.0.2.1"},"value":[-9e15,"-0"]}`), vector(`{"metric":{"instance":"192.0.2.1"},"histogram":[0,{}]}`),
		`{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}`, `{"status":"error","errorType":"x","error":"y"}`, "null", "[", "",
	} {
		f.Add(200, body)
		f.Add(422, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		client, err := promquery.NewOver(promquery.Config{URL: "http://192.0.2.9", Query: query}, transport(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		}))
		require.NoError(t, err)
		if value, at, err := client.Value(t.Context()); err == nil {
			assert.True(t, value >= 0 && value <= math.MaxFloat64, value)
			assert.WithinDuration(t, time.Now(), at, 2*time.Minute)
		}
		busy, err := client.Busy(t.Context())
		if err != nil {
			assert.Less(t, len(err.Error()), 4000)
			assert.Empty(t, busy)
			return
		}
		for member, load := range busy {
			assert.True(t, member.IsValid() && !member.Is4In6() && member.Zone() == "", member)
			assert.True(t, load >= 0 && load <= math.MaxFloat64, load)
		}
	})
}

func TestTheLoadOfThePoolIsOneValue(t *testing.T) {
	t.Parallel()
	scalar := func(value string, age time.Duration) string {
		at := float64(time.Now().Add(-age).UnixMilli()) / 1000
		return fmt.Sprintf(`{"status":"success","data":{"resultType":"scalar","result":[%.3f,%q]}}`, at, value)
	}
	for name, tt := range map[string]struct {
		body string
		want float64
		err  string
	}{
		"a scalar":       {scalar("12.5", 0), 12.5, ""},
		"one series":     {vector(series("", "450", time.Second)), 450, ""},
		"nothing":        {vector(), 0, "there is no series"},
		"several":        {vector(series("a", "1", 0), series("b", "2", 0)), 0, "there are 2 series, not one"},
		"no number":      {scalar("NaN", 0), 0, "the value is NaN"},
		"infinite":       {vector(series("", "+Inf", 0)), 0, "the value is +Inf"},
		"negative":       {scalar("-1", 0), 0, "the value is -1"},
		"too old":        {scalar("1", 70*time.Second), 0, "the value is 1m10s old"},
		"not yet":        {scalar("1", -2*time.Minute), 0, "the value is -2m0s old"},
		"a histogram":    {vector(`{"metric":{},"histogram":[1,{"count":"1","sum":"1"}]}`), 0, "the series has no number"},
		"another result": {`{"status":"success","data":{"resultType":"matrix","result":[]}}`, 0, "the result is not one value"},
	} {
		value, at, err := newClient(t, answer(http.StatusOK, tt.body)).Value(t.Context())
		if tt.err != "" {
			assert.ErrorContains(t, err, tt.err, name)
			assert.ErrorContains(t, err, "query Prometheus at 127.0.0.1:", name)
			continue
		}
		require.NoError(t, err, name)
		assert.InDelta(t, tt.want, value, 0, name)
		assert.WithinDuration(t, time.Now(), at, 5*time.Second, name)
	}
}
