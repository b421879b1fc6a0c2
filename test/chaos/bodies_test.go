package chaos_test

// Bodies of webhooks that are odd, hostile, or no alert. Some count, some do not;
// none is answered with 5xx.
var oddBodies = []struct{ contentType, body string }{
	{"application/json", `{"status":"resolved","alerts":[{"status":"resolved","labels":{"alertname":"CPU high"}}]}`},
	{"application/json", `{"status":"firing","alerts":[{"status":"firing","labels":{"alertname":"CPU high"}}]}`},
	{"application/json", `{"status":"firing","alerts":[]}`},
	{"application/json", `{"status":"OK"}`},
	{"application/json", `{"state":"CLOSED"}`},
	{"application/json", `{"heartbeat":{"status":1}}`},
	{"application/json", `{"incident":{"state":"closed"}}`},
	{"application/json", `{"alert_transition":"Recovered"}`},
	{"application/json", `{"Type":"SubscriptionConfirmation","SubscribeURL":"http://127.0.0.1/"}`},
	{"application/json", `{"alerts":[{"labels":{"alertname":"CPU low","autoscale":"down"},"status":"firing"}]}`},
	{"application/json", `{"alerts":[{"labels":{"alertname":"DatasourceError"},"status":"firing"}]}`},
	{"application/json", `{`},
	{"application/json", `[]`},
	{"application/json", `null`},
	{"application/json", `{"status":1,"state":[],"alerts":"x","commonLabels":7}`},
	{"application/json", `{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}}`},
	{"application/json", "{\"status\":\"firing\xff\"}"},
	{"text/html", `<html><body>It works!</body></html>`},
	{"text/plain", `more, please`},
	{"application/x-www-form-urlencoded", `status=resolved`},
	{"", ``},
	{"", "\x00\x01\x02"},
	{"multipart/form-data; boundary=x", "--x\r\n\r\n--x--"},
}
