package notifier_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/notifier"
)

func TestTokenIsNeitherInErrorsNorInLogs(t *testing.T) {
	failures := map[string]*receiver{
		"answer that repeats it": {status: http.StatusInternalServerError},
		"broken connection":      {broken: errors.New("connection reset by peer")},
		"timeout":                {delay: time.Hour},
	}
	for name, r := range failures {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				var failure error
				n := start(t, r, func(cfg *notifier.Config) {
					cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
					cfg.OnDelivery = func(_ string, _ int, err error) { failure = err }
				})
				n.Update(t.Context(), high())
				sleep(11 * time.Second)
				require.ErrorContains(t, failure, "webhook /up")
				assert.NotContains(t, failure.Error(), token)
				assert.Contains(t, log.String(), "webhook not delivered")
				assert.NotContains(t, log.String(), token)
			})
		})
	}
}

func TestConfigurationFaultsAreNamedWithoutSecrets(t *testing.T) {
	faulty := map[string]struct {
		cfg  notifier.Config
		says string
	}{
		"no URL":               {notifier.Config{}, "not like http://host:port"},
		"other scheme":         {notifier.Config{URL: "ftp://host"}, "not like http://host:port"},
		"unreadable URL":       {notifier.Config{URL: "http://user:" + token + "@host:port"}, "cannot be parsed"},
		"password in the URL":  {notifier.Config{URL: "http://user:" + token + "@host"}, "give a secret as Token"},
		"token in the URL":     {notifier.Config{URL: "http://host/?token=" + token}, "give a secret as Token"},
		"line break in token":  {notifier.Config{URL: "http://host", Token: token + "\n"}, "not allowed in a header"},
		"negative interval":    {notifier.Config{URL: "http://host", GroupInterval: -1}, "GroupInterval is -1ns"},
		"negative repetition":  {notifier.Config{URL: "http://host", RepeatInterval: -1}, "RepeatInterval is -1ns"},
		"negative timeout":     {notifier.Config{URL: "http://host", Timeout: -1}, "Timeout is -1ns"},
		"two faults, last one": {notifier.Config{URL: "", Timeout: -1}, "Timeout is -1ns"},
	}
	for name, test := range faulty {
		t.Run(name, func(t *testing.T) {
			_, err := notifier.New(test.cfg)
			require.ErrorContains(t, err, test.says)
			assert.NotContains(t, err.Error(), token)
		})
	}
}

func TestDeliversOverARealConnection(t *testing.T) {
	paths := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { paths <- r.URL.Path }))
	defer server.Close()
	n := startReal(t, server.URL)
	n.Update(t.Context(), low())
	select {
	case path := <-paths:
		assert.Equal(t, "/down", path)
	case <-time.After(5 * time.Second):
		t.Fatal("no webhook within 5 s")
	}
}

func startReal(t *testing.T, url string) *notifier.Notifier {
	t.Helper()
	n, err := notifier.New(notifier.Config{URL: url})
	require.NoError(t, err)
	done := make(chan error, 1)
	ctx := t.Context()
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() { require.NoError(t, <-done) })
	return n
}
