package webhook_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var strict = map[string][]string{up: {"Pool is busy", "CPU high"}, down: {"CPU low"}}

// isRecorded reports whether a webhook is recorded, and returns the code of the
// answer.
func isRecorded(t *testing.T, alerts map[string][]string, r *http.Request) (recorded bool, code int) {
	t.Helper()
	got := read(t, alerts, r)
	return got.Outcome == accepted, got.Code
}

// FuzzBody: whatever is sent, the answer is one of the promised ones,
// and a webhook is recorded exactly if the answer says so. Where alerts are
// listed no more is recorded than elsewhere, and a resolved alert is ignored
// with any other field.
func FuzzBody(f *testing.F) {
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
			recorded, code := isRecorded(t, nil, request(path, body))
			named, _ := isRecorded(t, strict, request(path, body))
			assert.True(t, recorded || !named, "listed alerts are alerts")
			if rest, isObject := bytes.CutPrefix(bytes.TrimSpace(body), []byte("{")); isObject && code == http.StatusOK {
				comma := ","
				if bytes.HasPrefix(bytes.TrimSpace(rest), []byte("}")) {
					comma = ""
				}
				over, _ := isRecorded(t, nil, request(path, append([]byte(`{"status":"resolved"`+comma), rest...)))
				assert.False(t, over, "an end is an end")
			}
		}
	})
}

// FuzzQuery: an address is read like a form, and never makes a webhook
// unreadable.
func FuzzQuery(f *testing.F) {
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
		recorded, code := isRecorded(t, nil, request(query))
		assert.Equal(t, http.StatusOK, code)
		named, _ := isRecorded(t, strict, request(query))
		assert.True(t, recorded || !named, "listed alerts are alerts")
		over, _ := isRecorded(t, nil, request("status=resolved&"+query))
		assert.False(t, over, "an end is an end")
	})
}
