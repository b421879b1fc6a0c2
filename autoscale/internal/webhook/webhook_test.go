package webhook_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale/internal/webhook"
)

func post(path, contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

// read returns the answer to a webhook where alerts count, or every one if nil.
// It checks that code and outcome of the answer fit.
func read(t *testing.T, alerts map[string][]string, r *http.Request) webhook.Answer {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	got := webhook.Reader{Alerts: alerts}.Read(r, body, strings.Trim(r.URL.Path, "/"))
	code, known := map[webhook.Outcome]int{
		webhook.Accepted: http.StatusOK, webhook.Ignored: http.StatusOK, webhook.Contradictory: http.StatusOK,
		webhook.Malformed: http.StatusBadRequest, webhook.Unsupported: http.StatusUnsupportedMediaType, webhook.Unlisted: http.StatusForbidden,
	}[got.Outcome]
	require.True(t, known, got.Outcome)
	assert.Equal(t, code, got.Code, got.Text)
	assert.Equal(t, got.Outcome == webhook.Accepted, strings.HasPrefix(got.Text, "recorded: "), got.Text)
	assert.Less(t, len(got.Text), 200, "the answer does not repeat what was sent")
	return got
}

// outcomeOf returns the outcome of a webhook where alerts count.
func outcomeOf(t *testing.T, alerts map[string][]string, r *http.Request) webhook.Outcome {
	t.Helper()
	return read(t, alerts, r).Outcome
}

func TestBodies(t *testing.T) {
	t.Parallel()
	const asJSON = "application/json"
	tests := []struct {
		rule, contentType, body string
		code                    int
		counted                 bool
	}{
		{"an empty body counts", "", "", 200, true},
		{"an empty body counts as JSON too", asJSON, " \n", 200, true},
		{"an empty object counts", asJSON, "{}", 200, true},
		{"plain text counts", "text/plain", "more, please", 200, true},
		{"text with blanks and equals counts", "text/plain", "load = 97 %", 200, true},
		{"text that is one word of an end", "text/plain", "Resolved\n", 200, false},
		{"text that is the other path", "text/plain", "up", 200, false},
		{"text that has such a word in it counts", "text/plain", "the pool is not OK", 200, true},
		{"a form counts", "application/x-www-form-urlencoded", "status=firing&status_text=more", 200, true},
		{"a form of an end", "application/x-www-form-urlencoded", "status=resolved", 200, false},
		{"a form whose payload is JSON", "application/x-www-form-urlencoded", "payload=%7B%22state%22%3A%22ok%22%7D", 200, false},
		{"a broken form counts", "application/x-www-form-urlencoded", "%zz=%zz", 200, true},
		{"JSON under another type is understood", "application/x-www-form-urlencoded", `{"status":"resolved"}`, 200, false},
		{"JSON without a type is understood", "", `{"state":"ok"}`, 200, false},
		{"a list under another type", "text/plain", `[{"status":"resolved"}]`, 400, false},
		{"malformed JSON under another type", "text/plain", `{"status":"resolved","text":"a "b""}`, 400, false},
		{"malformed JSON without a type", "", `{"status":"resolved"`, 400, false},
		{"a mark of the byte order", "", "\ufeff" + `{"state":"ok"}`, 200, false},
		{"a mark of the byte order and JSON's type", asJSON, "\ufeff" + `{"state":"alerting"}`, 200, true},
		{"UTF-16", "text/plain", "\xff\xfe{\x00}\x00", 415, false},
		{"XML", "text/plain", "<alert><status>resolved</status></alert>", 415, false},
		{"an empty form counts", "application/x-www-form-urlencoded", "", 200, true},
		{"nothing, as text, counts", "text/plain; charset=utf-8", "", 200, true},
		{"a page", "text/html", "<html></html>", 415, false},
		{"nothing, as a page", "text/html", "", 415, false},
		{"a form of several parts", "multipart/form-data; boundary=x", "--x--", 415, false},
		{"a picture", "image/png", "\x89PNG", 415, false},
		{"bytes", "application/octet-stream", `{"state":"alerting"}`, 415, false},
		{"malformed JSON", asJSON, `{"status":`, 400, false},
		{"malformed JSON with parameters", "application/json; charset=utf-8", `{`, 400, false},
		{"malformed JSON with malformed parameters", "Application/JSON ; charset", `{`, 400, false},
		{"malformed JSON of another kind", "application/vnd.alert+json", `{`, 400, false},
		{"data after the object", asJSON, `{} {}`, 400, false},
		{"a list", asJSON, `[]`, 400, false},
		{"a string", asJSON, `"up"`, 400, false},
		{"null", asJSON, `null`, 400, false},
		{"resolved in capitals", asJSON, `{"status":"RESOLVED"}`, 200, false},
		{"state ok in capitals", asJSON, `{"state":"OK"}`, 200, false},
		{"state no_data in capitals", asJSON, `{"state":"No_Data"}`, 200, false},
		{"state alerting", asJSON, `{"state":"alerting"}`, 200, true},
		{"an empty list of alerts", asJSON, `{"status":"firing","alerts":[]}`, 200, true},
		{"an empty list of resolved alerts", asJSON, `{"status":"resolved","alerts":[]}`, 200, false},
		{"an empty list under the name of a test", asJSON, `{"alerts":[],"commonLabels":{"alertname":"TestAlert"}}`, 200, false},
		{"no list of alerts", asJSON, `{"status":"firing","alerts":null}`, 200, true},
		{"an alert without status follows the whole", asJSON, `{"alerts":[{"labels":{"alertname":"a"}}]}`, 200, true},
		{"all alerts resolved", asJSON, `{"status":"firing","alerts":[{"status":"resolved"}]}`, 200, false},
		{"a test among others", asJSON, `{"alerts":[{"status":"firing","labels":{"alertname":"TestAlert"}},{"status":"Firing"}]}`, 200, true},
		{"a common name", asJSON, `{"alerts":[{"status":"firing"}],"commonLabels":{"alertname":"DatasourceError"}}`, 200, false},
		{"a common name without a list", asJSON, `{"status":"firing","commonLabels":{"alertname":"DatasourceNoData"}}`, 200, false},
		{"a flat test", asJSON, `{"state":"alerting","ruleName":"TestAlert"}`, 200, false},
		{"unexpected types everywhere", asJSON, `{"status":1,"state":[],"ruleName":{},"commonLabels":7,"alerts":"x"}`, 200, true},
		{"unexpected types within", asJSON, `{"alerts":[{"status":true,"labels":[],"annotations":null,"values":null}]}`, 200, true},
		{"an alert that is none", asJSON, `{"alerts":[5]}`, 200, true},
		{"numbers as strings", asJSON, `{"orgId":"1","alerts":[{"status":"firing","values":{"A":"97"}}]}`, 200, true},
		{"a field that occurs twice, first an end", asJSON, `{"status":"resolved","status":"firing"}`, 200, false},
		{"a field that occurs twice, last an end", asJSON, `{"status":"firing","Status":"resolved"}`, 200, false},
		{"two lists of alerts", asJSON, `{"alerts":[{"status":"resolved"}],"alerts":[{"status":"firing"}]}`, 200, true},
		{"text that is not UTF-8", asJSON, "{\"text\":\"\xff\xfe\",\"status\":\"\xffresolved\"}", 200, true},
		{"an end beside text that is not UTF-8", asJSON, "{\"text\":\"\xff\xfe\",\"status\":\"resolved\"}", 200, false},
		{"an end far below says nothing", asJSON, `{"previous":{"status":"resolved"},"status":"firing"}`, 200, true},
		{"an alert that hides an end in a text", asJSON, `{"alerts":[{"message":"{\"status\":\"resolved\"}"}]}`, 200, true},
		{"a message in a message", asJSON, `{"Message":"{\"Message\":\"{\\\"NewStateValue\\\":\\\"OK\\\"}\"}"}`, 200, false},
		{"a message that is no JSON", asJSON, `{"Message":"{status: resolved}"}`, 200, true},
		{"a number for a word that is not listed", asJSON, `{"heartbeat":{"status":7}}`, 200, false},
		{"keeping the last state without data", asJSON, `{"alerts":[{"status":"firing","annotations":{"grafana_state_reason":"NoData, KeepLast"}}]}`, 200, false},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			got := read(t, nil, post("/down", tt.contentType, tt.body))
			assert.Equal(t, tt.code, got.Code, got.Text)
			assert.Equal(t, tt.counted, got.Outcome == webhook.Accepted, got.Text)
		})
	}
}

func TestSubscriptionsAreConfirmedAtAmazonOnly(t *testing.T) {
	t.Parallel()
	const address = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=1"
	for url, want := range map[string]string{address: address, strings.Replace(address, "amazonaws.com", "evil.test", 1): ""} {
		got := read(t, nil, post("/up", "text/plain", `{"Type":"SubscriptionConfirmation","SubscribeURL":"`+url+`"}`))
		assert.Equal(t, webhook.Ignored, got.Outcome)
		assert.Equal(t, want, got.ConfirmURL)
	}
}
