package exoapi_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// TestEveryRouteKeepsTheOfficialSchema makes a real exchange on each emulated
// route; requests and answers are compared with the official document.
func TestEveryRouteKeepsTheOfficialSchema(t *testing.T) {
	document := loadDocument(t)
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{KeepChanges: true})
		watch := newReferee(t, cloud, document)
		d := dialogue{t: t, cloud: cloud, transport: watch}
		d.catalog()
		d.network()
		d.instances()
		d.access()
		d.pools()
		d.balancers()
		d.attachments()
		d.blockStorage()
		d.snapshotsAndTemplates()
		d.iam()
		d.dns()
		d.sks()
		d.users()
		d.get("/usage-report")
		d.get("/event")

		for _, route := range cloud.Routes() {
			if route.Emulated && route.OperationID != "get-deploy-target" { // there is none
				assert.NotZero(t, watch.answered[route.OperationID][http.StatusOK], "%s was never exchanged", route.OperationID)
			}
		}
		loaded := newCloud(t, exoapi.Config{Saved: save(t, cloud)})
		assert.Equal(t, visible(t, cloud), visible(t, loaded), "every change can be made again")
	})
}

// TestTheRealClientsRequestsKeepTheOfficialSchema does the same with the
// requests of the real client.
func TestTheRealClientsRequestsKeepTheOfficialSchema(t *testing.T) {
	document := loadDocument(t)
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, exoapi.Config{})
		key, secret := cloud.Credential()
		client, err := egoscale.NewClient(key, secret,
			egoscale.ClientOptWithHTTPClient(&http.Client{Transport: newReferee(t, cloud, document)}),
			egoscale.ClientOptWithAPIEndpoint("http://127.0.0.1:1/v2"),
			egoscale.ClientOptWithTimeout(time.Hour))
		require.NoError(t, err)
		ctx := t.Context()

		pool := newPool(t, client, 2)
		require.NoError(t, client.ScaleInstancePool(ctx, zone, pool, 3))
		pool, err = client.GetInstancePool(ctx, zone, *pool.ID)
		require.NoError(t, err)
		require.NoError(t, client.EvictInstancePoolMembers(ctx, zone, pool, (*pool.InstanceIDs)[:1]))
		pool.Description = new("updated")
		require.NoError(t, client.UpdateInstancePool(ctx, zone, pool))
		require.Len(t, instancesOf(t, client, *pool.ID), 2)
		_, err = client.ListZones(ctx)
		require.NoError(t, err)
		_, err = client.ListInstanceTypes(ctx, zone)
		require.NoError(t, err)

		group, err := client.CreateSecurityGroup(ctx, zone, &egoscale.SecurityGroup{Name: new("web"), Description: new("")})
		require.NoError(t, err)
		_, network, err := net.ParseCIDR("0.0.0.0/0")
		require.NoError(t, err)
		_, err = client.CreateSecurityGroupRule(ctx, zone, group, &egoscale.SecurityGroupRule{
			FlowDirection: new("ingress"), Protocol: new("tcp"), StartPort: new(uint16(80)), EndPort: new(uint16(80)), Network: network,
		})
		require.NoError(t, err)

		balancer, err := client.CreateNetworkLoadBalancer(ctx, zone, &egoscale.NetworkLoadBalancer{Name: new("front")})
		require.NoError(t, err)
		_, err = client.CreateNetworkLoadBalancerService(ctx, zone, balancer, &egoscale.NetworkLoadBalancerService{
			Name: new("http"), InstancePoolID: pool.ID, Protocol: new("tcp"), Strategy: new("round-robin"),
			Port: new(uint16(80)), TargetPort: new(uint16(8080)),
			Healthcheck: &egoscale.NetworkLoadBalancerServiceHealthcheck{
				Mode: new("http"), Port: new(uint16(8080)), URI: new("/health"),
				Interval: new(10 * time.Second), Timeout: new(5 * time.Second), Retries: new(int64(1)),
			},
		})
		require.NoError(t, err)
		_, err = client.ListNetworkLoadBalancers(ctx, zone)
		require.NoError(t, err)
		require.NoError(t, client.DeleteNetworkLoadBalancer(ctx, zone, balancer))
		require.NoError(t, client.DeleteInstancePool(ctx, zone, pool))
		require.NoError(t, client.DeleteSecurityGroup(ctx, zone, group))
	})
}

// A dialogue makes signed calls, one after the other.
type dialogue struct {
	t         *testing.T
	cloud     *exoapi.Cloud
	transport http.RoundTripper
}

type object = map[string]any

func (d dialogue) call(want int, method, path string, body any) object {
	d.t.Helper()
	text := ""
	if body != nil {
		encoded, err := json.Marshal(body)
		require.NoError(d.t, err)
		text = string(encoded)
	}
	req, err := http.NewRequestWithContext(d.t.Context(), method, "http://127.0.0.1:1/v2"+path, strings.NewReader(text))
	require.NoError(d.t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	key, secret := d.cloud.Credential()
	signer, err := api.NewSecurityProvider(key, secret)
	require.NoError(d.t, err)
	require.NoError(d.t, signer.Intercept(d.t.Context(), req))
	resp, err := d.transport.RoundTrip(req)
	require.NoError(d.t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(d.t, err)
	require.Equal(d.t, want, resp.StatusCode, "%s %s %s: %s", method, path, text, answer)
	var decoded object
	if json.Unmarshal(answer, &decoded) != nil {
		return nil // a bare list
	}
	return decoded
}

func (d dialogue) get(path string) object {
	d.t.Helper()
	return d.call(http.StatusOK, http.MethodGet, path, nil)
}

// change makes a call that starts an operation, waits for its end, and returns
// the id of what it was about.
func (d dialogue) change(method, path string, body any) string {
	d.t.Helper()
	op := d.call(http.StatusOK, method, path, body)
	for op["state"] == "pending" {
		time.Sleep(time.Second)
		op = d.get("/operation/" + op["id"].(string))
	}
	require.Equal(d.t, "success", op["state"], "%s %s: %v", method, path, op)
	reference, _ := op["reference"].(object)
	id, _ := reference["id"].(string)
	return id
}

// first returns the id, or the name, of the first entry of a list.
func (d dialogue) first(path, list string) string {
	d.t.Helper()
	entries, _ := d.get(path)[list].([]any)
	require.NotEmpty(d.t, entries, path)
	entry := entries[0].(object)
	for _, by := range []string{"id", "name", "resource"} {
		if id, ok := entry[by].(string); ok {
			return id
		}
	}
	return ""
}

func (d dialogue) catalog() {
	d.get("/zone")
	d.get("/instance-type/" + d.first("/instance-type", "instance-types"))
	d.get("/template/" + d.first("/template?visibility=public", "templates"))
	d.get("/quota/" + d.first("/quota", "quotas"))
	d.get("/organization")
	d.get("/deploy-target")
	d.call(http.StatusNotFound, http.MethodGet, "/deploy-target/"+unknownID, nil)
	d.change(http.MethodPost, "/ssh-key", object{
		"name":       "me",
		"public-key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me",
	})
	d.get("/ssh-key/" + d.first("/ssh-key", "ssh-keys"))
	d.change(http.MethodDelete, "/ssh-key/me", nil)
	for _, kind := range []string{"instance", "elastic-ip"} {
		d.call(http.StatusNotFound, http.MethodGet, "/reverse-dns/"+kind+"/"+unknownID, nil)
		d.call(http.StatusNotFound, http.MethodDelete, "/reverse-dns/"+kind+"/"+unknownID, nil)
	}
}

func (d dialogue) network() {
	web := d.change(http.MethodPost, "/security-group", object{"name": "web", "description": "front"})
	db := d.change(http.MethodPost, "/security-group", object{"name": "db"})
	d.get("/security-group")
	d.change(http.MethodPost, "/security-group/"+web+"/rules", object{
		"flow-direction": "ingress", "protocol": "tcp", "network": "0.0.0.0/0", "start-port": 80, "end-port": 80, "description": "http",
	})
	d.change(http.MethodPost, "/security-group/"+web+"/rules", object{
		"flow-direction": "ingress", "protocol": "icmp", "network": "0.0.0.0/0", "icmp": object{"type": 8, "code": 0},
	})
	d.change(http.MethodPost, "/security-group/"+db+"/rules", object{
		"flow-direction": "ingress", "protocol": "tcp", "security-group": object{"id": web, "name": "web", "visibility": "private"}, "start-port": 5432, "end-port": 5432,
	})
	rules := d.get("/security-group/" + web)["rules"].([]any)
	require.Len(d.t, rules, 2)
	d.get("/security-group/" + db)
	d.change(http.MethodDelete, "/security-group/"+web+"/rules/"+rules[0].(object)["id"].(string), nil)
	d.change(http.MethodPut, "/security-group/"+web+":add-source", object{"cidr": "192.0.2.0/24"})
	d.get("/security-group/" + web)
	d.change(http.MethodPut, "/security-group/"+web+":remove-source", object{"cidr": "192.0.2.0/24"})
	d.change(http.MethodDelete, "/security-group/"+db, nil)

	spread := d.change(http.MethodPost, "/anti-affinity-group", object{"name": "spread", "description": "apart"})
	d.get("/anti-affinity-group")
	d.get("/anti-affinity-group/" + spread)
	d.change(http.MethodDelete, "/anti-affinity-group/"+spread, nil)
}

func (d dialogue) instances() {
	group := d.first("/security-group", "security-groups")
	template := object{"id": d.first("/template", "templates")}
	id := d.change(http.MethodPost, "/instance", object{
		"name": "monitor", "instance-type": object{"id": smallID}, "template": template, "disk-size": 10,
		"public-ip-assignment": "inet4", "user-data": "I2Nsb3VkLWNvbmZpZwo=", "labels": object{"role": "monitor"},
	})
	path := "/instance/" + id
	d.get("/instance")
	d.get("/instance?manager-id=" + unknownID + "&manager-type=instance-pool")
	d.get(path)
	d.change(http.MethodPut, "/security-group/"+group+":attach", object{"instance": object{"id": id}})
	d.get(path)
	d.change(http.MethodPut, "/security-group/"+group+":detach", object{"instance": object{"id": id}})
	d.change(http.MethodPut, path, object{"name": "watch", "labels": object{"a": "b"}})
	d.change(http.MethodDelete, path+"/labels", nil)
	d.change(http.MethodPut, path+":reboot", nil)
	d.change(http.MethodPut, path+":stop", nil)
	d.change(http.MethodPut, path+":reset", object{"disk-size": 12})
	d.get(path)
	d.change(http.MethodPut, path+":scale", object{"instance-type": object{"id": microID}})
	d.change(http.MethodPut, path+":resize-disk", object{"disk-size": 20})
	d.change(http.MethodPut, path+":start", object{})
	d.change(http.MethodPut, path+":add-protection", nil)
	d.change(http.MethodPut, path+":remove-protection", nil)
	record := "/reverse-dns" + path
	d.change(http.MethodPost, record, object{"domain-name": "watch.example.com"})
	d.get(record)
	d.change(http.MethodDelete, record, nil)
	d.change(http.MethodDelete, path, nil)
}

func (d dialogue) pools() {
	path := "/instance-pool/" + d.newPool("batch")
	d.get("/instance-pool")
	members := d.get(path)["instances"].([]any)
	require.Len(d.t, members, 2)
	d.get("/instance")
	d.get("/instance/" + members[0].(object)["id"].(string))
	d.change(http.MethodPut, path, object{"description": "nightly", "min-available": 1, "labels": object{"a": "b"}})
	d.change(http.MethodDelete, path+"/description", nil)
	// The pool is read while it scales, too.
	d.call(http.StatusOK, http.MethodPut, path+":scale", object{"size": 3})
	d.get(path)
	d.get("/instance")
	time.Sleep(time.Minute)
	d.change(http.MethodPut, path+":evict", object{"instances": []string{members[0].(object)["id"].(string)}})
	d.change(http.MethodDelete, path, nil)
}

func (d dialogue) newPool(name string) (id string) {
	group := d.first("/security-group", "security-groups")
	return d.change(http.MethodPost, "/instance-pool", object{
		"name": name, "size": 2, "instance-type": object{"id": microID}, "template": object{"id": d.first("/template", "templates")},
		"disk-size": 10, "instance-prefix": name, "description": "pool", "user-data": "I2Nsb3VkLWNvbmZpZwo=",
		"security-groups": []object{{"id": group}}, "labels": object{"role": name}, "ipv6-enabled": true,
	})
}

func (d dialogue) balancers() {
	pool := d.newPool("web")
	id := d.change(http.MethodPost, "/load-balancer", object{"name": "front", "description": "entry", "labels": object{"a": "b"}})
	path := "/load-balancer/" + id
	d.change(http.MethodPost, path+"/service", object{
		"name": "http", "description": "web", "instance-pool": object{"id": pool}, "protocol": "tcp", "strategy": "round-robin", "port": 80, "target-port": 8080,
		"healthcheck": object{"mode": "http", "port": 8080, "uri": "/health", "interval": 10, "timeout": 5, "retries": 1},
	})
	d.get(path)
	time.Sleep(time.Minute)
	d.get("/load-balancer")
	services := d.get(path)["services"].([]any)
	require.Len(d.t, services, 1)
	require.NotEmpty(d.t, services[0].(object)["healthcheck-status"])
	service := path + "/service/" + services[0].(object)["id"].(string)
	d.get(service)
	d.change(http.MethodPut, service, object{"name": "https", "strategy": "source-hash", "port": 443})
	d.change(http.MethodDelete, service+"/description", nil)
	d.change(http.MethodPut, path, object{"name": "entry", "labels": object{"c": "d"}})
	d.change(http.MethodDelete, path+"/description", nil)
	d.change(http.MethodDelete, service, nil)
	d.change(http.MethodDelete, path, nil)
	d.change(http.MethodDelete, "/instance-pool/"+pool, nil)
}

func (d dialogue) iam() {
	policy := object{
		"default-service-strategy": "deny",
		"services": object{
			"compute": object{"type": "rules", "rules": []object{{"action": "allow", "expression": "operation == 'list-zones'"}}},
			"sos":     object{"type": "allow"},
		},
	}
	role := d.change(http.MethodPost, "/iam-role", object{
		"name": "reader", "description": "reads", "editable": true, "labels": object{"a": "b"}, "max-session-ttl": 3600,
		"permissions": []string{"bypass-governance-retention"}, "policy": policy,
		"assume-role-policy": object{"rules": []object{{"action": "deny", "expression": "true"}}},
	})
	path := "/iam-role/" + role
	d.get("/iam-role")
	d.get(path)
	d.change(http.MethodPut, path, object{"description": "writes", "labels": object{}, "permissions": []string{}})
	d.change(http.MethodPut, path+":policy", policy)
	key := d.call(http.StatusOK, http.MethodPost, "/api-key", object{"name": "program", "role-id": role})["key"].(string)
	d.get("/api-key")
	d.get("/api-key/" + key)
	d.change(http.MethodDelete, "/api-key/"+key, nil)
	d.change(http.MethodDelete, path, nil)
	d.change(http.MethodPut, "/iam-organization-policy", policy)
	d.get("/iam-organization-policy")
	d.change(http.MethodPost, "/iam-organization-policy:reset", nil)
}

func (d dialogue) attachments() {
	network := d.change(http.MethodPost, "/private-network", object{
		"name": "inner", "description": "between", "start-ip": "10.0.0.10", "end-ip": "10.0.0.99", "netmask": "255.255.255.0",
		"labels":  object{"a": "b"},
		"options": object{"routers": []string{"10.0.0.1"}, "dns-servers": []string{"10.0.0.2"}, "ntp-servers": []string{"10.0.0.3"}, "domain-search": []string{"a.b"}},
	})
	elastic := d.change(http.MethodPost, "/elastic-ip", object{
		"addressfamily": "inet4", "description": "entry", "labels": object{"a": "b"},
		"healthcheck": object{"mode": "https", "port": 443, "uri": "/", "tls-sni": "a.b", "tls-skip-verify": true, "interval": 5, "timeout": 5, "strikes-ok": 1, "strikes-fail": 1},
	})
	d.change(http.MethodPost, "/elastic-ip", object{"addressfamily": "inet6"})
	instance := d.change(http.MethodPost, "/instance", object{
		"instance-type": object{"id": smallID}, "template": object{"id": d.first("/template", "templates")}, "disk-size": 10,
	})
	attached, path := object{"instance": object{"id": instance}}, "/private-network/"+network
	d.change(http.MethodPut, path+":attach", attached)
	d.change(http.MethodPut, path+":update-ip", object{"instance": object{"id": instance}, "ip": "10.0.0.5"})
	d.get("/private-network")
	d.get(path)
	d.change(http.MethodPut, "/elastic-ip/"+elastic+":attach", attached)
	d.get("/instance")
	d.get("/instance/" + instance)
	d.change(http.MethodPut, path+":detach", attached)
	d.change(http.MethodPut, "/elastic-ip/"+elastic+":detach", attached)
	d.change(http.MethodDelete, "/instance/"+instance, nil)

	pool := d.change(http.MethodPost, "/instance-pool", object{
		"name": "inside", "size": 1, "instance-type": object{"id": microID}, "template": object{"id": d.first("/template", "templates")},
		"disk-size": 10, "private-networks": []object{{"id": network}}, "elastic-ips": []object{{"id": elastic}},
	})
	d.get("/instance-pool/" + pool)
	d.get("/instance")
	d.get(path)
	d.change(http.MethodDelete, "/instance-pool/"+pool, nil)

	d.change(http.MethodPut, path, object{"name": "outer", "end-ip": "10.0.0.50"})
	d.change(http.MethodDelete, path+"/labels", nil)
	d.change(http.MethodDelete, path, nil)
	d.change(http.MethodPut, "/elastic-ip/"+elastic, object{"description": "exit"})
	d.change(http.MethodDelete, "/elastic-ip/"+elastic+"/description", nil)
	d.get("/elastic-ip")
	d.get("/elastic-ip/" + elastic)
	record := "/reverse-dns/elastic-ip/" + elastic
	d.change(http.MethodPost, record, object{"domain-name": "entry.example.com"})
	d.get(record)
	d.change(http.MethodDelete, record, nil)
	d.change(http.MethodDelete, "/elastic-ip/"+elastic, nil)
}
