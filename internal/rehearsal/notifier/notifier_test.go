package notifier_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/notifier"
)

const token = "t0k3n-that-stays-secret"

// A receiver is a fake autoscaler without a socket. The zero value answers 200.
type receiver struct {
	mu     sync.Mutex
	start  time.Time
	at     map[string][]float64 // seconds since start, by path
	last   *http.Request
	body   []byte
	status int
	broken error
	delay  time.Duration
}

func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.at[req.URL.Path] = append(r.at[req.URL.Path], time.Since(r.start).Seconds())
	r.last, r.body = req, body
	status, broken, delay := r.status, r.broken, r.delay
	r.mu.Unlock()
	if status == 0 {
		status = http.StatusOK
	}
	select {
	case <-req.Context().Done():
		return nil, req.Context().Err()
	case <-time.After(delay):
	}
	if broken != nil {
		return nil, broken
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("answer with " + token)), Request: req}, nil
}

func (r *receiver) behave(status int, broken error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.broken = status, broken
}

func (r *receiver) times(path string) []float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at[path]
}

// start runs a notifier in a synctest bubble until the test ends.
func start(t *testing.T, r *receiver, change func(*notifier.Config)) *notifier.Notifier {
	t.Helper()
	r.start, r.at = time.Now(), map[string][]float64{}
	cfg := notifier.Config{URL: "http://127.0.0.1:8090", Token: token, Transport: r}
	if change != nil {
		change(&cfg)
	}
	n, err := notifier.New(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return n
}

func high() []notifier.Alert {
	return []notifier.Alert{{
		Labels:      map[string]string{"alertname": "CPU high", "autoscale": "up"},
		Annotations: map[string]string{"summary": "Average CPU use of the pool is 97.0 %"},
		Value:       97,
		StartsAt:    time.Date(2026, 11, 23, 11, 25, 40, 0, time.UTC),
	}}
}

func low() []notifier.Alert {
	return []notifier.Alert{{Labels: map[string]string{"alertname": "CPU low", "autoscale": "down"}}}
}

// sleep lets virtual time pass, and waits for all that is due by then.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestFiringAlertIsSentAtOnceAndEveryFiftySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		n := start(t, r, nil)
		sleep(3 * time.Second)
		// Rules are evaluated every 10 s and report each time.
		for range 31 {
			n.Update(t.Context(), high())
			sleep(10 * time.Second)
		}
		assert.Equal(t, []float64{3, 53, 103, 153, 203, 253, 303}, r.times("/up"))
		assert.Empty(t, r.times("/down"))
		assert.Equal(t, notifier.Counts{Delivered: 7}, n.Counts("up"))
	})
}

func TestIntervalsScaleTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		n := start(t, r, func(cfg *notifier.Config) {
			cfg.GroupInterval, cfg.RepeatInterval = 1250*time.Millisecond, 5625*time.Millisecond
		})
		n.Update(t.Context(), low())
		sleep(20 * time.Second)
		assert.Equal(t, []float64{0, 6.25, 12.5, 18.75}, r.times("/down"))
	})
}

func TestNothingIsSentOnceTheAlertEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		n := start(t, r, nil)
		n.Update(t.Context(), high())
		sleep(55 * time.Second)
		n.Update(t.Context(), nil)
		sleep(10 * time.Minute)
		assert.Equal(t, []float64{0, 50}, r.times("/up"))
	})
}

func TestAlertThatComesBackIsSentAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		n := start(t, r, nil)
		n.Update(t.Context(), high())
		sleep(4 * time.Second)
		n.Update(t.Context(), nil)
		sleep(13 * time.Second)
		n.Update(t.Context(), high())
		sleep(40 * time.Second)
		assert.Equal(t, []float64{0, 17}, r.times("/up"))
	})
}

func TestAlertThatEndsBetweenTwoFlushesIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		n := start(t, r, nil)
		n.Update(t.Context(), high())
		sleep(2 * time.Second)
		n.Update(t.Context(), nil)
		sleep(2 * time.Second)
		n.Update(t.Context(), high())
		sleep(50 * time.Second)
		assert.Equal(t, []float64{0, 50}, r.times("/up"))
	})
}

func TestFailedDeliveryIsRepeatedAtTheNextFlush(t *testing.T) {
	failures := map[string]struct {
		status int
		broken error
		seen   int
	}{
		"refused connection": {broken: errors.New("connection refused")},
		"server error":       {status: http.StatusInternalServerError, seen: 500},
		"wrong token":        {status: http.StatusUnauthorized, seen: 401},
		"redirect":           {status: http.StatusFound, seen: 302},
	}
	for name, failure := range failures {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var statuses []int
				r := &receiver{status: failure.status, broken: failure.broken}
				n := start(t, r, func(cfg *notifier.Config) {
					cfg.OnDelivery = func(direction string, status int, err error) {
						assert.Equal(t, "up", direction)
						assert.Equal(t, err == nil, status == http.StatusOK)
						statuses = append(statuses, status)
					}
				})
				n.Update(t.Context(), high())
				sleep(25 * time.Second)
				r.behave(http.StatusOK, nil)
				sleep(60 * time.Second)
				assert.Equal(t, []float64{0, 10, 20, 30, 80}, r.times("/up"))
				assert.Equal(t, notifier.Counts{Delivered: 2, Failed: 3}, n.Counts("up"))
				assert.Equal(t, []int{failure.seen, failure.seen, failure.seen, 200, 200}, statuses)
			})
		})
	}
}

func TestSlowReceiverCostsOneTimeoutAndKeepsTheInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{delay: time.Hour}
		n := start(t, r, func(cfg *notifier.Config) { cfg.Timeout = 12 * time.Second })
		n.Update(t.Context(), high())
		sleep(41 * time.Second)
		assert.Equal(t, []float64{0, 20, 40}, r.times("/up"), "flushes during a delivery are left out")
		assert.Equal(t, notifier.Counts{Failed: 2}, n.Counts("up"))
	})
}

func TestDirectionsAreFlushedIndependently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		n := start(t, r, nil)
		n.Update(t.Context(), high())
		sleep(7 * time.Second)
		n.Update(t.Context(), append(high(), low()...))
		sleep(60 * time.Second)
		assert.Equal(t, []float64{0, 50}, r.times("/up"))
		assert.Equal(t, []float64{7, 57}, r.times("/down"))
	})
}

func TestOnlyOurTwoAlertsAreRouted(t *testing.T) {
	strangers := map[string]map[string]string{
		"missing data with the labels of the rule": {"alertname": "DatasourceNoData", "autoscale": "up"},
		"name without the label":                   {"alertname": "CPU high"},
		"name with the label of the other":         {"alertname": "CPU high", "autoscale": "down"},
		"no labels":                                nil,
	}
	for name, labels := range strangers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &receiver{}
				n := start(t, r, nil)
				n.Update(t.Context(), []notifier.Alert{{Labels: labels}})
				sleep(time.Minute)
				assert.Empty(t, r.at)
			})
		})
	}
}

func TestRequestIsAnAlertmanagerWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		n := start(t, r, nil)
		n.Update(t.Context(), high())
		synctest.Wait()
		require.NotNil(t, r.last)
		assert.Equal(t, http.MethodPost, r.last.Method)
		assert.Equal(t, "http://127.0.0.1:8090/up", r.last.URL.String())
		assert.Equal(t, "application/json", r.last.Header.Get("Content-Type"))
		assert.Equal(t, "Bearer "+token, r.last.Header.Get("Authorization"))
		assert.JSONEq(t, `{
			"version": "4", "status": "firing", "receiver": "autoscaler-up", "truncatedAlerts": 0, "externalURL": "",
			"groupKey": "{}/{alertname=\"CPU high\",autoscale=\"up\"}:{alertname=\"CPU high\"}",
			"groupLabels": {"alertname": "CPU high"},
			"commonLabels": {"alertname": "CPU high", "autoscale": "up"},
			"commonAnnotations": {"summary": "Average CPU use of the pool is 97.0 %"},
			"alerts": [{
				"status": "firing",
				"labels": {"alertname": "CPU high", "autoscale": "up"},
				"annotations": {"summary": "Average CPU use of the pool is 97.0 %"},
				"startsAt": "2026-11-23T11:25:40Z", "endsAt": "0001-01-01T00:00:00Z",
				"generatorURL": "", "fingerprint": "591d7de891b104d0"
			}]}`, string(r.body))
	})
}

func TestCommonLabelsAreThoseOfAllAlertsOfTheGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{}
		n := start(t, r, nil)
		second := high()[0]
		second.Labels = map[string]string{"alertname": "CPU high", "autoscale": "up", "zone": "at-vie-1"}
		second.Annotations = map[string]string{"summary": "other"}
		n.Update(t.Context(), append(high(), second))
		synctest.Wait()
		var body struct {
			CommonLabels, CommonAnnotations map[string]string
			Alerts                          []any
		}
		require.NoError(t, json.Unmarshal(r.body, &body))
		assert.Equal(t, map[string]string{"alertname": "CPU high", "autoscale": "up"}, body.CommonLabels)
		assert.Empty(t, body.CommonAnnotations)
		assert.Len(t, body.Alerts, 2)
	})
}

func TestRunEndsDuringADeliveryWithoutCountingAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{start: time.Now(), at: map[string][]float64{}, delay: time.Hour}
		n, err := notifier.New(notifier.Config{URL: "http://127.0.0.1:1", Transport: r})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- n.Run(ctx) }()
		n.Update(ctx, high())
		sleep(time.Second)
		before := time.Now()
		cancel()
		require.NoError(t, <-done)
		assert.Equal(t, before, time.Now(), "it waits for nothing")
		assert.Zero(t, n.Counts("up"))
	})
}
