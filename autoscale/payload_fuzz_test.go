package autoscale_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

var strict = map[autoscale.Direction][]string{up: {"Pool is busy", "CPU high"}, down: {"CPU low"}}

// verdict sends a webhook to a handler that asks for no name, or for one.
func verdict(t *testing.T, listed map[autoscale.Direction][]string, r *http.Request) (recorded bool, code int) {
	t.Helper()
	loop, err := autoscale.New(autoscale.Config{Pool: &hooks{}})
	require.NoError(t, err)
	got := serve(autoscale.NewHandler(loop, autoscale.HandlerConfig{Alerts: listed}), r)
	assert.Contains(t, []int{
		http.StatusOK, http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
	}, got.Code)
	assert.Less(t, got.Body.Len(), 200, "what was sent is not repeated")
	recorded = strings.HasPrefix(got.Body.String(), "recorded: ")
	all := counts(loop)
	assert.Equal(t, recorded, all[0]+all[1] == 1)
	if recorded {
		assert.Equal(t, http.StatusOK, got.Code)
	}
	return recorded, got.Code
}

// FuzzWebhookBody: whatever is sent, the answer is one of the promised ones,
// and a webhook is recorded exactly if the answer says so. Where alerts are
// listed no more is recorded than elsewhere, and an end is an end whatever else
// is said.
func FuzzWebhookBody(f *testing.F) {
	files, err := filepath.Glob("testdata/payloads/*.[jth]*")
	require.NoError(f, err)
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add("application/json", body)
	}
	f.Add("text/plain", []byte("status=firing"))
	f.Add("application/json; charset", []byte(`{"alerts":[{"status":1,"labels":[]},null,7]}`))
	f.Add("", []byte(`{"Message":"{\"Message\":\"{\\\"NewStateValue\\\":\\\"OK\\\"}\"}"}`))
	f.Add("application/x-www-form-urlencoded", []byte("payload=%7B%22alerts%22%3A%5B%7B%7D%5D%7D&status=ok&=up"))
	f.Add("", []byte(`{"alerts":[[{"status":"resolved"}],{"alerts":[{}]},null],"alerts":{"status":"firing"},"":"up"}`))
	f.Add("text/plain", []byte("\ufeff{\"heartbeat\":{\"status\":1e0,\"status\":true},\"t\xff\":\"\xfe\"}"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		request := func(path string, body []byte) *http.Request {
			r := post(path, "", string(body))
			r.Header["Content-Type"] = []string{contentType}
			return r
		}
		for _, path := range []string{"/up", "/down"} {
			recorded, code := verdict(t, nil, request(path, body))
			named, _ := verdict(t, strict, request(path, body))
			assert.True(t, recorded || !named, "listed alerts are alerts")
			if rest, isObject := bytes.CutPrefix(bytes.TrimSpace(body), []byte("{")); isObject && code == http.StatusOK {
				comma := ","
				if bytes.HasPrefix(bytes.TrimSpace(rest), []byte("}")) {
					comma = ""
				}
				over, _ := verdict(t, nil, request(path, append([]byte(`{"status":"resolved"`+comma), rest...)))
				assert.False(t, over, "an end is an end")
			}
		}
	})
}

// FuzzWebhookQuery: an address is read like a form, and never makes a webhook
// unreadable.
func FuzzWebhookQuery(f *testing.F) {
	f.Add("token=x")
	f.Add(`msg=up&heartbeat={"status":1}&monitor={"name":"Pool is busy"}`)
	f.Add("heartbeat=%7B%22status%22%3A0%7D")
	f.Add("direction=down&direction=up;x=%zz")
	f.Fuzz(func(t *testing.T, query string) {
		request := func(query string) *http.Request {
			r := post("/up", "", "")
			r.URL.RawQuery = query
			return r
		}
		recorded, code := verdict(t, nil, request(query))
		assert.Equal(t, http.StatusOK, code)
		named, _ := verdict(t, strict, request(query))
		assert.True(t, recorded || !named, "listed alerts are alerts")
		over, _ := verdict(t, nil, request("status=resolved&"+query))
		assert.False(t, over, "an end is an end")
	})
}
