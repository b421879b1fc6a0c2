package exoapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// latest returns the last exchange.
func latest(t *testing.T, cloud *exoapi.Cloud) exoapi.Exchange {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	list := cloud.Exchanges(ctx, 0)
	require.NotEmpty(t, list)
	return list[len(list)-1]
}

func TestFieldsThatNobodyReadAreReported(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, exoapi.Config{})
	for _, test := range []struct {
		method, path, body string
		unread             []string
	}{
		{http.MethodPost, "/v2/anti-affinity-group", `{"name": "a", "descriptions": "b"}`, []string{"descriptions"}},
		{http.MethodPost, "/v2/anti-affinity-group", `{"name": "b", "description": "b"}`, nil},
		{http.MethodPost, "/v2/anti-affinity-group", `{"nname": "b"}`, nil}, // refused
		{http.MethodPost, "/v2/load-balancer", `{"name": "a", "labels": {"x": "y"}}`, nil},
		{http.MethodPost, "/v2/iam-organization-policy:reset", `{"now": true}`, []string{"now"}},
		{http.MethodGet, "/v2/template?visibility=public&families=debian", "", []string{"?families"}},
		{http.MethodGet, "/v2/zone", "", nil},
	} {
		call(t, cloud, test.method, test.path, test.body)
		assert.Equal(t, test.unread, latest(t, cloud).Unread, "%s %s", test.path, test.body)
	}
	assert.Equal(t, map[string][]string{
		"create-anti-affinity-group": {"descriptions"}, "reset-iam-organization-policy": {"now"}, "list-templates": {"?families"},
	}, cloud.Unread())
}

func TestAnswersTellWhatTheyAssume(t *testing.T) {
	t.Parallel()
	cloud, client := start(t, exoapi.Config{Quotas: map[string]int{"instance": 2}})
	pool := fmt.Sprintf(`{"name": "web", "size": 2, "min-available": 1, "disk-size": 10, "instance-type": {"id": %q}, "template": {"id": %q}}`,
		microID, *templateID(t, client))
	created := call(t, cloud, http.MethodPost, "/v2/instance-pool", pool)
	require.Equal(t, http.StatusOK, created.status, created.message())
	assert.Empty(t, latest(t, cloud).Assumptions)
	id := cloud.Pools()[0].ID
	call(t, cloud, http.MethodPut, "/v2/instance-pool/"+id+":scale", `{"size": 1}`)
	assert.Equal(t, []string{"A pool that is not `running` refuses `:scale` and `:evict` with 409"}, latest(t, cloud).Assumptions)
	require.NoError(t, cloud.SetPoolState(id, "running"))
	call(t, cloud, http.MethodPut, "/v2/instance-pool/"+id+":scale", `{"size": 0}`)
	assert.Contains(t, latest(t, cloud).Assumptions[0], "`min-available` is a lower bound")
	call(t, cloud, http.MethodPut, "/v2/instance-pool/"+id+":scale", `{"size": 1}`)
	assert.Equal(t, []string{"Scaling in takes the oldest members, and skips protected ones"}, latest(t, cloud).Assumptions)
	refused := call(t, cloud, http.MethodPost, "/v2/instance-pool", pool)
	require.Equal(t, http.StatusForbidden, refused.status)
	assert.Equal(t, refused.message(), latest(t, cloud).Refusal)
	assert.Equal(t, []string{"A quota or address range that is used up: 403"}, latest(t, cloud).Assumptions)
}

func TestEachCallIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	cloud := newCloud(t, exoapi.Config{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	call(t, cloud, http.MethodPost, "/v2/anti-affinity-group", `{"name": "a", "nname": "b"}`)
	assert.Regexp(t, `msg=call method=POST path=/v2/anti-affinity-group operation=create-anti-affinity-group status=200 took=\S+ unread=\[nname\]\n$`, log.String())
	log.Reset()
	call(t, cloud, http.MethodDelete, "/v2/anti-affinity-group/"+unknownID, "")
	assert.Contains(t, log.String(), `status=404`)
	assert.Contains(t, log.String(), `refusal="anti-affinity group `+unknownID+` not found"`)
	assert.NotContains(t, log.String(), "request=", "bodies are logged on request only")
}

func TestBodiesAreKeptWithoutSecrets(t *testing.T) {
	t.Parallel()
	cloud, client := start(t, exoapi.Config{KeepBodies: true, Timing: exoapi.Timing{Instant: true}})
	_, secret := cloud.Credential()
	call(t, cloud, http.MethodPost, "/v2/instance", fmt.Sprintf(
		`{"name": "w", "disk-size": 10, "instance-type": {"id": %q}, "template": {"id": %q}, "user-data": "I2Nsb3VkLWNvbmZpZw=="}`,
		microID, *templateID(t, client)))
	x := latest(t, cloud)
	assert.Contains(t, x.Request, `"user-data":"(20 characters not shown)"`)
	assert.Contains(t, x.Request, `"name":"w"`)
	assert.Contains(t, x.Answer, `"state":"success"`)
	call(t, cloud, http.MethodPost, "/v2/anti-affinity-group", fmt.Sprintf(`{"name": "x", "description": "my %s"}`, secret))
	assert.Contains(t, latest(t, cloud).Request, `"description":"my …"`)
	made := call(t, cloud, http.MethodPost, "/v2/api-key", fmt.Sprintf(`{"name": "k", "role-id": %q}`, cloudRole(t, cloud)))
	require.Equal(t, http.StatusOK, made.status, made.message())
	assert.NotContains(t, latest(t, cloud).Answer, made.body["secret"])
	assert.Contains(t, latest(t, cloud).Answer, `"secret":"(43 characters not shown)"`)

	call(t, cloud, http.MethodPost, "/v2/anti-affinity-group", "\x00 no JSON: "+secret)
	assert.Equal(t, fmt.Sprintf("(%d bytes that are not JSON)", 11+len(secret)), latest(t, cloud).Request)
	call(t, cloud, http.MethodPost, "/v2/anti-affinity-group", `{"name": "`+strings.Repeat("ä", 5000)+`"}`)
	assert.Less(t, len(latest(t, cloud).Request), 4<<10+50)
	assert.True(t, strings.HasSuffix(latest(t, cloud).Request, "ä… (10011 bytes in all)"), latest(t, cloud).Request[4000:])
}

func TestAddressesAreKeptWithoutWhatOpensThem(t *testing.T) {
	t.Parallel()
	cloud, client := start(t, exoapi.Config{KeepBodies: true, Timing: exoapi.Timing{Instant: true}})
	made := call(t, cloud, http.MethodPost, "/v2/instance", fmt.Sprintf(
		`{"disk-size": 10, "instance-type": {"id": %q}, "template": {"id": %q}}`, microID, *templateID(t, client)))
	id := made.body["reference"].(object)["id"].(string)
	token := call(t, cloud, http.MethodGet, "/v2/console/"+id, "").body["path"].(string)[len("/console?token="):]
	assert.NotContains(t, latest(t, cloud).Answer, token)
	assert.Contains(t, latest(t, cloud).Answer, `"path":"/console?(38 characters not shown)"`)
	call(t, cloud, http.MethodPost, "/v2/template", `{"name": "a? b", "url": "https://me:hidden@a.example/x?signature=hidden", "checksum": "x",
		"ssh-key-enabled": true, "password-enabled": true}`)
	assert.Contains(t, latest(t, cloud).Request, `"name":"a? b"`)
	assert.Contains(t, latest(t, cloud).Request, `"password-enabled":true`, "no secret")
	assert.Contains(t, latest(t, cloud).Request, `"url":"https://a.example/x?(16 characters not shown)"`)
}

func TestLongCallsAreNotKeptWhole(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, exoapi.Config{})
	long := strings.Repeat("ä", 10000)
	got := call(t, cloud, http.MethodDelete, "/v2/ssh-key/"+strings.Repeat("x", 5000), "")
	assert.Equal(t, http.StatusRequestURITooLong, got.status)
	assert.Less(t, len(latest(t, cloud).Path), 5000)
	assert.Empty(t, latest(t, cloud).Operation)
	call(t, cloud, http.MethodPost, "/v2/sks-cluster", `{"name": "a", "level": "pro", "version": "1.36.1", "feature-gates": ["`+long+`", "`+long+`"]}`)
	assert.Less(t, len(latest(t, cloud).Refusal), 1100)
	fields := make([]string, 200)
	for i := range fields {
		fields[i] = fmt.Sprintf(`"%d%s": 1`, i, long[:2000])
	}
	call(t, cloud, http.MethodPost, "/v2/anti-affinity-group", `{"name": "a", `+strings.Join(fields, ",")+`}`)
	assert.Len(t, latest(t, cloud).Unread, 100)
	assert.Less(t, len(latest(t, cloud).Unread[0]), 260)
}

func cloudRole(t *testing.T, cloud *exoapi.Cloud) string {
	t.Helper()
	var list struct {
		Roles []struct{ ID string } `json:"iam-roles"`
	}
	require.NoError(t, cloud.Call(t.Context(), http.MethodGet, "/v2/iam-role", nil, &list))
	return list.Roles[0].ID
}

func TestExchangesAreBoundedAndCanBeAwaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{})
		none, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.Empty(t, cloud.Exchanges(none, 0))
		arrived := make(chan []exoapi.Exchange)
		go func() { arrived <- cloud.Exchanges(t.Context(), 0) }()
		synctest.Wait()
		call(t, cloud, http.MethodGet, "/v2/zone", "")
		first := <-arrived
		require.Len(t, first, 1)
		assert.Equal(t, 1, first[0].Number)
		assert.Equal(t, "list-zones", first[0].Operation)

		for range 2500 {
			call(t, cloud, http.MethodGet, "/v2/zone", "")
		}
		kept := cloud.Exchanges(t.Context(), 0)
		assert.Len(t, kept, 1000)
		assert.Equal(t, 2501, kept[999].Number)
		assert.Len(t, cloud.Exchanges(t.Context(), 2499), 2)
		assert.Empty(t, cloud.Exchanges(none, 9999))

		_, err := cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultDropBefore, Count: 1})
		require.NoError(t, err)
		require.Error(t, failCall(t, cloud, http.MethodGet, "/v2/quota", ""))
		assert.Zero(t, latest(t, cloud).Status, "a call without an answer is one, too")
		assert.Equal(t, "list-quotas", latest(t, cloud).Operation)
	})
}

func TestWhatIsNotEmulatedIsNamed(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, exoapi.Config{})
	a := call(t, cloud, http.MethodGet, "/z/de-fra-1/v2/dbaas-postgres/my-database", "")
	assert.Equal(t, http.StatusNotImplemented, a.status)
	assert.Equal(t, "GET /v2/dbaas-postgres/{name} is not emulated (get-dbaas-service-pg)", a.message())
	assert.Equal(t, "get-dbaas-service-pg", latest(t, cloud).Operation)
	assert.Equal(t, "GET /v2/nonsense is not emulated", call(t, cloud, http.MethodGet, "/v2/nonsense", "").message())
	assert.Empty(t, latest(t, cloud).Operation)
}

// FuzzBodies looks for bodies whose secrets are shown.
func FuzzBodies(f *testing.F) {
	f.Add([]byte(`{"password": "hunter22", "x": [{"Secret-Key": "hunter22"}]}`))
	f.Add([]byte(`"hunter22"`))
	f.Add([]byte(`{"user-data": {"a": "hunter22"}}`))
	cloud := newCloud(f, exoapi.Config{KeepBodies: true})
	f.Fuzz(func(t *testing.T, body []byte) {
		var outer map[string]json.RawMessage
		if json.Unmarshal(body, &outer) != nil || outer == nil {
			outer = map[string]json.RawMessage{}
		}
		outer["my-password"] = json.RawMessage(`"correct horse battery"`)
		text, err := json.Marshal(outer)
		require.NoError(t, err)
		call(t, cloud, http.MethodPost, "/v2/anti-affinity-group", string(text))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		list := cloud.Exchanges(ctx, 0)
		x := list[len(list)-1]
		assert.NotContains(t, x.Request, "correct horse")
		assert.LessOrEqual(t, len(x.Request), 4<<10+50)
	})
}
