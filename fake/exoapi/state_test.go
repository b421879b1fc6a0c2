package exoapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func save(t *testing.T, cloud *exoapi.Cloud) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, cloud.Save(&b))
	return b.Bytes()
}

// visible returns all that the API shows of a cloud, but for its log of events.
func visible(t *testing.T, cloud *exoapi.Cloud) map[string]any {
	t.Helper()
	all := map[string]any{}
	routes := cloud.Routes()
	for _, route := range routes {
		if route.Method != http.MethodGet || !route.Emulated || strings.Contains(route.Path, "{") || route.OperationID == "list-events" {
			continue
		}
		a := call(t, cloud, http.MethodGet, "/v2"+route.Path, "")
		all[route.Path] = a.body
		detail := slices.IndexFunc(routes, func(r exoapi.Route) bool {
			return r.Method == http.MethodGet && r.Emulated && r.Path == route.Path+"/{id}"
		})
		for _, list := range a.body {
			entries, ok := list.([]any)
			for _, entry := range entries {
				fields, _ := entry.(map[string]any)
				if id, named := fields["id"]; ok && named && detail >= 0 {
					path := fmt.Sprintf("%s/%v", route.Path, id)
					all[path] = call(t, cloud, http.MethodGet, "/v2"+path, "").body
				}
			}
		}
	}
	all["faults"] = cloud.Faults().List()
	return all
}

// live makes a cloud do all kinds of things, some of which are under way when it
// returns.
func live(t *testing.T, cloud *exoapi.Cloud) {
	t.Helper()
	var template string
	var list struct {
		Templates []struct{ ID string } `json:"templates"`
	}
	require.NoError(t, cloud.Call(t.Context(), http.MethodGet, "/v2/template", nil, &list))
	template = list.Templates[0].ID
	fault := func(f exoapi.Fault) {
		_, err := cloud.Faults().Add(f)
		require.NoError(t, err)
	}
	pass := func(d time.Duration) {
		time.Sleep(d) // in a bubble
		call(t, cloud, http.MethodGet, "/v2/instance", "")
	}
	spec := fmt.Sprintf(`"disk-size": 10, "instance-type": {"id": %q}, "template": {"id": %q}, "user-data": "I2Nsb3Vk"`, microID, template)
	create := func(path, body string) string {
		a := call(t, cloud, http.MethodPost, path, body)
		require.Equal(t, http.StatusOK, a.status, a.message())
		reference, _ := a.body["reference"].(map[string]any)
		return fmt.Sprint(reference["id"])
	}
	group := create("/v2/security-group", `{"name": "web"}`)
	create("/v2/security-group/"+group+"/rules", `{"flow-direction": "ingress", "protocol": "tcp", "start-port": 80, "end-port": 80, "network": "0.0.0.0/0"}`)
	pool := create("/v2/instance-pool", `{"name": "web", "size": 3, "security-groups": [{"id": "`+group+`"}], `+spec+`}`)
	pass(7 * time.Second)
	assert.Equal(t, http.StatusConflict, call(t, cloud, http.MethodPut, "/v2/instance-pool/"+pool+":scale", `{"size": 4}`).status)
	balancer := create("/v2/load-balancer", `{"name": "web"}`)
	pass(10*time.Second + 123*time.Nanosecond)
	create("/v2/load-balancer/"+balancer+"/service", `{"name": "web", "instance-pool": {"id": "`+pool+`"}, "protocol": "tcp",
		"strategy": "round-robin", "port": 80, "target-port": 80, "healthcheck": {"mode": "tcp", "port": 80}}`)
	fault(exoapi.Fault{Name: exoapi.FaultMemberNeverHealthy, Count: 2})
	fault(exoapi.Fault{Name: exoapi.FaultOperationFails, Operation: "create-anti-affinity-group", Count: 1})
	create("/v2/anti-affinity-group", `{"name": "fails"}`)
	create("/v2/anti-affinity-group", `{"name": "stays"}`)
	fault(exoapi.Fault{Name: exoapi.FaultTooManyRequests, Operation: "list-ssh-keys", Count: 2})
	assert.Equal(t, http.StatusTooManyRequests, call(t, cloud, http.MethodGet, "/v2/ssh-key", "").status)
	fault(exoapi.Fault{Name: exoapi.FaultQuotaReached, Operation: "create-elastic-ip", Count: 1})
	assert.Equal(t, http.StatusForbidden, call(t, cloud, http.MethodPost, "/v2/elastic-ip", `{}`).status)
	create("/v2/elastic-ip", `{"description": "mine"}`)
	// Its replacement comes by itself, and takes a fault.
	member := cloud.Pools()[0].Members[0]
	call(t, cloud, http.MethodDelete, "/v2/instance/"+member, "")
	pass(5 * time.Second)
	require.NoError(t, cloud.FailMember(cloud.Pools()[0].Members[0]))
	pass(time.Minute)
	require.NoError(t, cloud.SetPoolSize(pool, 5))
	require.Error(t, cloud.SetPoolSize(unknownID, 5))
	call(t, cloud, http.MethodPost, "/v2/iam-role", `{"name": "some", "policy": {"default-service-strategy": "deny", "services": {}}}`)
	create("/v2/instance", `{"name": "alone", `+spec+`}`)
	network := create("/v2/private-network", `{"name": "back", "start-ip": "10.0.0.10", "end-ip": "10.0.0.50", "netmask": "255.255.255.0"}`)
	i := slices.IndexFunc(cloud.Instances(), func(i exoapi.InstanceInfo) bool { return i.Name == "alone" })
	require.Equal(t, 200, call(t, cloud, http.MethodPut, "/v2/private-network/"+network+":attach", `{"instance": {"id": "`+cloud.Instances()[i].ID+`"}}`).status)
	pass(3 * time.Second)
}

func TestLoadedCloudGoesOnAsTheSavedOne(t *testing.T) {
	t.Parallel()
	for name, timing := range map[string]exoapi.Timing{"slow": {}, "fast": {Speed: 20}, "instant": {Instant: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(t, exoapi.Config{KeepChanges: true, Timing: timing})
				if !timing.Instant && timing.Speed == 0 {
					live(t, cloud)
				} else {
					call(t, cloud, http.MethodPost, "/v2/load-balancer", `{"name": "web"}`)
					call(t, cloud, http.MethodPost, "/v2/anti-affinity-group", `{"name": "web"}`)
				}
				state := save(t, cloud)
				restarted := newCloud(t, exoapi.Config{Saved: state, Timing: timing, KeepChanges: true})
				assert.Equal(t, cloud.Credentials(), restarted.Credentials())
				other := newCloud(t, exoapi.Config{KeepChanges: true, Timing: timing})
				call(t, other, http.MethodPost, "/v2/anti-affinity-group", `{"name": "lost"}`)
				require.NoError(t, other.Load(state))
				for _, wait := range []time.Duration{0, time.Second, 7 * time.Second, time.Minute} {
					time.Sleep(wait)
					want := visible(t, cloud)
					assert.Equal(t, want, visible(t, restarted), "after %s", wait)
					assert.Equal(t, want["/instance"], visible(t, other)["/instance"], "after %s", wait)
					same := `{"name": "` + fmt.Sprint("later-", wait.Milliseconds()) + `"}`
					assert.Equal(t, call(t, cloud, http.MethodPost, "/v2/load-balancer", same).body,
						call(t, restarted, http.MethodPost, "/v2/load-balancer", same).body, "the same ids follow")
				}
				assert.Equal(t, cloud.Metered(), restarted.Metered())
				assert.Equal(t, save(t, cloud), save(t, restarted))
			})
		})
	}
}

// Reads are not saved, so nothing that comes later may follow from them.
func TestReadsLeaveNoTraceInAState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{KeepChanges: true})
		live(t, cloud)
		pool := cloud.Pools()[0]
		path := "/v2/instance/" + pool.Members[1] + ":password"
		require.NotEmpty(t, call(t, cloud, http.MethodGet, path, "").body["password"])
		require.Equal(t, http.StatusOK, call(t, cloud, http.MethodGet, "/v2/console/"+pool.Members[1], "").status)
		call(t, cloud, http.MethodDelete, "/v2/instance/"+pool.Members[0], "")
		time.Sleep(time.Minute)
		call(t, cloud, http.MethodPut, "/v2/instance/"+cloud.Pools()[0].Members[4]+":stop", "{}")
		loaded := newCloud(t, exoapi.Config{KeepChanges: true, Saved: save(t, cloud)})
		assert.Equal(t, visible(t, cloud), visible(t, loaded))
		assert.Equal(t, call(t, cloud, http.MethodGet, path, "").body, call(t, loaded, http.MethodGet, path, "").body)
	})
}

func TestTimeGoesOnWhileACloudIsSaved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{KeepChanges: true})
		live(t, cloud)
		state := save(t, cloud)
		time.Sleep(40 * 24 * time.Hour)
		later := newCloud(t, exoapi.Config{Saved: state})
		assert.Equal(t, visible(t, cloud), visible(t, later))
		assert.Equal(t, "running", later.Pools()[0].State)
	})
}

// A host's clock may have been set back since the state was saved.
func TestTimeGoesOnIfTheClockIsBehindAState(t *testing.T) {
	t.Parallel()
	var state []byte
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{KeepChanges: true})
		time.Sleep(time.Hour)
		call(t, cloud, http.MethodPost, "/v2/load-balancer", `{"name": "web"}`)
		state = save(t, cloud)
	})
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{Saved: state, KeepChanges: true})
		assert.Equal(t, "creating", cloud.Balancers()[0].State)
		time.Sleep(5 * time.Second)
		assert.Equal(t, "running", cloud.Balancers()[0].State)
		call(t, cloud, http.MethodPost, "/v2/load-balancer", `{"name": "more"}`)
		time.Sleep(5 * time.Second)
		again := newCloud(t, exoapi.Config{Saved: save(t, cloud)})
		assert.Equal(t, cloud.Inventory(), again.Inventory())
		require.NoError(t, cloud.Reset())
		call(t, cloud, http.MethodPost, "/v2/load-balancer", `{"name": "after"}`)
		time.Sleep(5 * time.Second)
		assert.Equal(t, "running", cloud.Balancers()[0].State)
	})
}

func TestResetCloudIsAsIfJustStarted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{Seed: 7, KeepChanges: true})
		begun := visible(t, cloud)
		client := newClient(t, cloud)
		live(t, cloud)
		made := call(t, cloud, http.MethodPost, "/v2/api-key", fmt.Sprintf(`{"name": "k", "role-id": %q}`, cloudRole(t, cloud)))
		require.NoError(t, cloud.Reset())
		assert.Empty(t, cloud.Inventory())
		assert.Equal(t, begun, visible(t, cloud))
		_, err := client.ListInstancePools(t.Context(), zone)
		require.NoError(t, err, "the owner's key stays")
		gone := newClientWith(t, cloud, fmt.Sprint(made.body["key"]), fmt.Sprint(made.body["secret"]))
		_, err = gone.ListInstancePools(t.Context(), zone)
		require.Error(t, err)
		live(t, cloud)

		unseeded := newCloud(t, exoapi.Config{})
		organization := visible(t, unseeded)["/organization"]
		require.NoError(t, unseeded.Reset())
		assert.NotEqual(t, organization, visible(t, unseeded)["/organization"], "without a seed, ids are new")
		require.EqualError(t, unseeded.Save(new(bytes.Buffer)), "save the state: the cloud does not keep its changes")
	})
}

func TestStatesThatAreRefusedChangeNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{KeepChanges: true, Seed: 3})
		call(t, cloud, http.MethodPost, "/v2/anti-affinity-group", `{"name": "a"}`)
		call(t, cloud, http.MethodPost, "/v2/anti-affinity-group", `{"name": "b"}`)
		state := string(save(t, cloud))
		target := newCloud(t, exoapi.Config{KeepChanges: true})
		call(t, target, http.MethodPost, "/v2/anti-affinity-group", `{"name": "kept"}`)
		before := visible(t, target)
		for name, test := range map[string]struct{ state, problem string }{
			"empty":         {"", "this is not a state that fakecloud has saved"},
			"something":     {"{}\n", "this is not a state that fakecloud has saved"},
			"other version": {strings.Replace(state, `"version":1`, `"version":2`, 1), "the state has version 2, and this fakecloud reads version 1 only"},
			"no seed":       {strings.Replace(state, `"seed":3`, `"seed":0`, 1), "the state has no seed"},
			"no secret":     {regexp.MustCompile(`(EXO[0-9a-f]*":)"[^"]*"`).ReplaceAllString(state, `$1""`), "an API key of the state, or its secret, is empty"},
			"cut off":       {state[:len(state)-9], "change 2 of the state is damaged"},
			"unknown field": {strings.Replace(state, `{"at"`, `{"x":1,"at"`, 1), "change 1 of the state is damaged"},
			"other speed":   {strings.Replace(state, `"speed":"1"`, `"speed":"20"`, 1), `start the cloud with the same: speed was "20", and is "1"`},
			"other call":    {strings.Replace(state, `POST /anti-affinity-group`, `POST /nonsense`, 1), "POST /nonsense is not emulated"},
			"other body":    {strings.Replace(state, `{"name":"b"}`, `{"name":"a"}`, 1), "create-anti-affinity-group was possible, and is refused now: anti-affinity group a already exists"},
			"other seed":    {strings.Replace(state, `"seed":3`, `"seed":4`, 1), "create-anti-affinity-group has another outcome than it had"},
			"of the future": {strings.ReplaceAll(state, "2000-01-01", "2001-01-01"), "the state is of the future: its last change was at 2001-01-01"},
			"ancient":       {strings.ReplaceAll(state, "2000-01-01", "1980-01-01"), "the state is too old: it began at 1980-01-01"},
			"no change":     {state + `{"at":"2000-01-01T12:00:00Z"}` + "\n", "it is of no known kind"},
			"backwards":     {state + `{"at":"1999-01-01T12:00:00Z"}` + "\n", "change 3 of the state is before the one before it"},
		} {
			assert.ErrorContains(t, target.Load([]byte(test.state)), test.problem, name)
			assert.Equal(t, before, visible(t, target), name)
		}
		require.NoError(t, target.Load([]byte(state)))
	})
}

// A record is a recorder that can be full.
type record struct {
	text []byte
	full bool
	asks int
}

func (r *record) Restart(state []byte) error {
	r.text, r.full = slices.Clone(state), false
	return nil
}

func (r *record) Append(change []byte) error {
	if r.asks++; r.full {
		return errors.New("no space left")
	}
	r.text = append(r.text, change...)
	return nil
}

func TestRecordersGetEveryChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &record{}
		cloud := newCloud(t, exoapi.Config{Recorder: r})
		live(t, cloud)
		assert.Equal(t, string(save(t, cloud)), string(r.text))
		r.full = true
		asks := r.asks
		for range 3 {
			call(t, cloud, http.MethodPost, "/v2/load-balancer", `{"name": "x"}`)
		}
		assert.Equal(t, asks+1, r.asks, "after a failure it is left alone")
		require.NoError(t, cloud.Reset())
		assert.Equal(t, 1, bytes.Count(r.text, []byte("\n")))
		call(t, cloud, http.MethodPost, "/v2/anti-affinity-group", `{"name": "x"}`)
		assert.Equal(t, string(save(t, cloud)), string(r.text))
	})
}

func TestFaultsThatStayAreSavedOnce(t *testing.T) {
	t.Parallel()
	cloud := newCloud(t, exoapi.Config{KeepChanges: true})
	_, err := cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultTooManyRequests, Operation: "list-ssh-keys"})
	require.NoError(t, err)
	for n := range 5 {
		assert.Equal(t, http.StatusTooManyRequests, call(t, cloud, http.MethodGet, "/v2/ssh-key", "").status)
		call(t, cloud, http.MethodPost, "/v2/anti-affinity-group", fmt.Sprintf(`{"name": "g%d"}`, n))
	}
	assert.Equal(t, 1, bytes.Count(save(t, cloud), []byte(`"faults"`)))
}

func TestOnlyMachinesThatAreLeftBootAfterALoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first, second := newRecorder(), newRecorder()
		cloud := newCloud(t, exoapi.Config{Machines: first, KeepChanges: true})
		client := newClient(t, cloud)
		pool := newPool(t, client, 3)
		require.NoError(t, client.ScaleInstancePool(t.Context(), zone, pool, 1))
		_, err := client.CreateNetworkLoadBalancer(t.Context(), zone, &egoscale.NetworkLoadBalancer{Name: new("web")})
		require.NoError(t, err)
		left := cloud.Instances()
		require.Len(t, left, 1)

		other := newCloud(t, exoapi.Config{Machines: second, KeepChanges: true})
		call(t, other, http.MethodPost, "/v2/load-balancer", `{"name": "old"}`)
		time.Sleep(time.Minute)
		call(t, other, http.MethodGet, "/v2/zone", "")
		second.take()
		require.NoError(t, other.Load(save(t, cloud)))
		assert.Equal(t, left, other.Instances())
		assert.Len(t, second.machines, 1)
		assert.Contains(t, second.machines, left[0].ID)
		assert.Equal(t, other.Balancers()[0].ID, second.balanced.ID)
		events := strings.Join(second.take(), "\n")
		assert.Equal(t, 1, strings.Count(events, "start "), events)
		assert.Less(t, strings.Index(events, "unbalance"), strings.Index(events, "start "), "what was there ends first: %s", events)

		call(t, other, http.MethodPut, "/v2/instance/"+left[0].ID+":stop", "{}")
		assert.Contains(t, strings.Join(second.take(), "\n"), "stop", "from then on, the driver hears everything")
	})
}

func FuzzLoad(f *testing.F) {
	cloud := newCloud(f, exoapi.Config{KeepChanges: true, Seed: 1})
	call(f, cloud, http.MethodPost, "/v2/anti-affinity-group", `{"name": "a"}`)
	_, err := cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultOperationFails, Count: 1})
	require.NoError(f, err)
	var b bytes.Buffer
	require.NoError(f, cloud.Save(&b))
	f.Add(b.Bytes())
	header, _, _ := bytes.Cut(b.Bytes(), []byte("\n"))
	began, _ := json.Marshal(time.Now())
	for _, entry := range []string{
		`"faults": [{"id": -1, "name": "x"}]`, `"faults": null`, `"method": {"name": "fail-member", "id": "x"}`,
		`"call": {"route": "POST /instance", "zone": "mars", "body": {"name": 1}}`, `"call": {"route": "PUT /instance/{id}:start", "zone": "at-vie-1"}`,
		`"call": {"route": "DELETE /ssh-key/{name}", "zone": "at-vie-1", "query": "%", "params": {"id": ""}}`,
		`"call": {"route": "GET /zone"}`, `"machine": {"id": "x", "state": "error", "start": 1}`, `"machine": {"id": "x", "state": "error"}`, `"machine": {"id": "x", "state": "running"}`,
	} {
		f.Add(fmt.Appendf(nil, "%s\n{\"at\": %s, %s}\n", header, began, entry))
	}
	f.Fuzz(func(t *testing.T, state []byte) {
		if err := cloud.Load(state); err != nil {
			assert.NotEmpty(t, err.Error())
		}
		if begun, err := exoapi.New(exoapi.Config{Saved: state}); err == nil {
			key, secret := begun.Credential()
			assert.NotEmpty(t, key)
			assert.NotEmpty(t, secret)
			begun.Close()
		}
		assert.Equal(t, 200, call(t, cloud, http.MethodGet, "/v2/anti-affinity-group", "").status)
	})
}
