package annotate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/annotate"
	"github.com/exopool/exopool/internal/configerr"
	"github.com/exopool/exopool/internal/programtest"
)

const secret = "glsa_not-for-logs"

// A grafana answers with the next of its statuses, and then with 200; 0: it
// does not answer.
type grafana struct {
	statuses []int
	asked    []asked
}

type asked struct {
	method, address, authorization string
	body                           struct {
		Time int64
		Tags []string
		Text string
	}
}

func (g *grafana) RoundTrip(req *http.Request) (*http.Response, error) {
	a := asked{method: req.Method, address: req.URL.String(), authorization: req.Header.Get("Authorization")}
	if err := json.NewDecoder(req.Body).Decode(&a.body); err != nil {
		return nil, err
	}
	g.asked = append(g.asked, a)
	status := http.StatusOK
	if len(g.statuses) > 0 {
		status, g.statuses = g.statuses[0], g.statuses[1:]
	}
	if status == 0 {
		return nil, errors.New("connection refused")
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Location": {"https://example.com/"}}, Request: req,
		Body: io.NopCloser(strings.NewReader(`{"message":"` + secret + `"}`)),
	}, nil
}

// texts are those of all requests.
func (g *grafana) texts() (list []string) {
	for _, a := range g.asked {
		list = append(list, a.body.Text)
	}
	return list
}

// within runs a client in a bubble, and returns what it has logged and counted.
func within(t *testing.T, g *grafana, script func(*annotate.Client)) (log, metrics string) {
	t.Helper()
	said, registry := &programtest.Output{}, prometheus.NewRegistry()
	synctest.Test(t, func(t *testing.T) {
		c, err := annotate.NewThrough(annotate.Config{
			URL: "http://grafana.example/sub", Token: secret, Namespace: "test", Registerer: registry,
			Logger: slog.New(slog.NewTextHandler(said, nil)),
		}, g)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- c.Run(ctx) }()
		script(c)
		synctest.Wait()
		cancel()
		require.NoError(t, <-done)
	})
	assert.NotContains(t, said.String(), secret)
	var counts []string
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			counts = append(counts, fmt.Sprintf("%s %v", m.GetLabel()[0].GetValue(), m.GetCounter().GetValue()))
		}
	}
	problems, err := testutil.GatherAndLint(registry)
	require.NoError(t, err)
	assert.Empty(t, problems)
	return said.String(), strings.Join(counts, ", ")
}

func note(text string) annotate.Annotation {
	return annotate.Annotation{At: time.UnixMilli(1_700_000_000_123), Text: text, Tags: []string{"exopool", "resized"}}
}

func TestAnnotationIsWritten(t *testing.T) {
	t.Parallel()
	g := &grafana{}
	log, counts := within(t, g, func(c *annotate.Client) { c.Add(note("one\ntwo")) })
	require.Len(t, g.asked, 1)
	a := g.asked[0]
	assert.Equal(t, "POST http://grafana.example/sub/api/annotations", a.method+" "+a.address)
	assert.Equal(t, "Bearer "+secret, a.authorization)
	assert.Equal(t, int64(1_700_000_000_123), a.body.Time)
	assert.Equal(t, []string{"exopool", "resized"}, a.body.Tags)
	assert.Equal(t, "one\ntwo", a.body.Text)
	assert.Empty(t, log)
	assert.Equal(t, "lost 0, written 1", counts)
}

func TestWhatGrafanaDoesNotTakeIsRepeated(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{
		"it does not answer": 0, "starting": 503, "a wrong token": 401, "no right": 403, "a wrong address": 404, "elsewhere": 302, "busy": 429,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := &grafana{statuses: []int{status, status}}
			log, counts := within(t, g, func(c *annotate.Client) {
				c.Add(note("first"))
				c.Add(note("second"))
				time.Sleep(61 * time.Second)
			})
			assert.Equal(t, []string{"first", "first", "first", "second"}, g.texts(), "the oldest first")
			assert.Equal(t, 1, strings.Count(log, "level=WARN"), log)
			assert.Equal(t, "lost 0, written 2", counts)
		})
	}
}

func TestWhatGrafanaWillNeverTakeIsLost(t *testing.T) {
	t.Parallel()
	g := &grafana{statuses: []int{400}}
	log, counts := within(t, g, func(c *annotate.Client) {
		c.Add(note("first"))
		c.Add(note("second"))
	})
	assert.Equal(t, []string{"first", "second"}, g.texts())
	assert.Contains(t, log, "status 400")
	assert.Equal(t, "lost 1, written 1", counts)
}

// TestWhatGrafanaFailsOnLetsOthersPass: it may fail on this one for ever.
func TestWhatGrafanaFailsOnLetsOthersPass(t *testing.T) {
	t.Parallel()
	g := &grafana{statuses: []int{500, 200, 500}}
	_, counts := within(t, g, func(c *annotate.Client) {
		c.Add(note("first"))
		c.Add(note("second"))
		time.Sleep(61 * time.Second)
	})
	assert.Equal(t, []string{"first", "second", "first", "first"}, g.texts())
	assert.Equal(t, "lost 0, written 2", counts)
}

func TestOldestIsLostWhileGrafanaIsAway(t *testing.T) {
	t.Parallel()
	g := &grafana{statuses: []int{0}}
	_, counts := within(t, g, func(c *annotate.Client) {
		c.Add(note("on its way"))
		synctest.Wait()
		for i := range annotate.MaxWaiting + 5 {
			c.Add(note(fmt.Sprint(i)))
		}
		time.Sleep(time.Minute)
	})
	texts := g.texts()
	assert.Equal(t, []string{"on its way", "on its way", "5", "6"}, texts[:4])
	assert.Len(t, texts, 2+annotate.MaxWaiting)
	assert.Equal(t, "lost 5, written 101", counts)
}

func TestEndDoesNotWaitForGrafana(t *testing.T) {
	t.Parallel()
	g := &grafana{statuses: []int{0, 0, 0}}
	_, counts := within(t, g, func(c *annotate.Client) { c.Add(note("first")) })
	assert.Equal(t, "lost 1, written 0", counts)
}

func TestTextIsBounded(t *testing.T) {
	t.Parallel()
	g := &grafana{}
	within(t, g, func(c *annotate.Client) { c.Add(note(strings.Repeat("a", 4095) + "é and more")) })
	assert.Equal(t, strings.Repeat("a", 4095), g.asked[0].body.Text, "no half of a character")
}

// TestTextHasNoControlCharacters: databases refuse some, and the annotation would be
// repeated for ever.
func TestTextHasNoControlCharacters(t *testing.T) {
	t.Parallel()
	g := &grafana{}
	within(t, g, func(c *annotate.Client) { c.Add(note("one\r\n\x00two\x1b[31m\xff\u0085 three")) })
	assert.Equal(t, "one\ntwo[31m three", g.asked[0].body.Text)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	good := annotate.Config{URL: "http://127.0.0.1:3000", Token: secret}
	_, err := annotate.New(good)
	require.NoError(t, err)
	for name, change := range map[string]func(*annotate.Config){
		"URL":     func(cfg *annotate.Config) { cfg.URL = "127.0.0.1:3000" },
		"Token":   func(cfg *annotate.Config) { cfg.Token = "" },
		"Timeout": func(cfg *annotate.Config) { cfg.Timeout = time.Hour },
		"Retry":   func(cfg *annotate.Config) { cfg.Retry = time.Millisecond },
	} {
		cfg := good
		change(&cfg)
		_, err := annotate.New(cfg)
		faults := configerr.Errors(err)
		require.Len(t, faults, 1, name)
		assert.Equal(t, name, faults[0].Field)
	}
	for _, cfg := range []annotate.Config{
		{URL: "http://admin:" + secret + "@127.0.0.1:3000", Token: "x"},
		{URL: "http://127.0.0.1:3000", Token: secret + "\n"},
	} {
		_, err := annotate.New(cfg)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), secret)
	}
}
