package exoapi_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/exoscale/egoscale/v2/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// newService puts a load balancer in front of a pool.
func newService(
	tb testing.TB, client *egoscale.Client, pool *egoscale.InstancePool,
) (*egoscale.NetworkLoadBalancer, *egoscale.NetworkLoadBalancerService) {
	tb.Helper()
	nlb, err := client.CreateNetworkLoadBalancer(tb.Context(), zone, &egoscale.NetworkLoadBalancer{
		Name: new("nlb"), Description: new("d"), Labels: &map[string]string{"a": "b"},
	})
	require.NoError(tb, err)
	service, err := client.CreateNetworkLoadBalancerService(tb.Context(), zone, nlb, wantedService(pool))
	require.NoError(tb, err)
	return nlb, service
}

func wantedService(pool *egoscale.InstancePool) *egoscale.NetworkLoadBalancerService {
	return &egoscale.NetworkLoadBalancerService{
		Name: new("web"), InstancePoolID: pool.ID, Protocol: new("tcp"), Strategy: new("round-robin"),
		Port: new(uint16(80)), TargetPort: new(uint16(8080)),
		Healthcheck: &egoscale.NetworkLoadBalancerServiceHealthcheck{
			Mode: new("http"), Port: new(uint16(8080)), URI: new("/health"),
			Interval: new(10 * time.Second), Timeout: new(5 * time.Second), Retries: new(int64(1)),
		},
	}
}

func health(tb testing.TB, client *egoscale.Client, nlbID string) map[string]string {
	tb.Helper()
	nlb, err := client.GetNetworkLoadBalancer(tb.Context(), zone, nlbID)
	require.NoError(tb, err)
	status := map[string]string{}
	for _, s := range nlb.Services[0].HealthcheckStatus {
		status[s.InstanceIP.String()] = *s.Status
	}
	return status
}

func TestLoadBalancerWithService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		ctx := t.Context()
		pool := newPool(t, client, 2)
		nlb, service := newService(t, client, pool)
		assert.Equal(t, "running", *nlb.State)
		assert.NotNil(t, nlb.IPAddress)
		assert.Equal(t, map[string]string{"a": "b"}, *nlb.Labels)
		assert.Equal(t, "running", *service.State)
		assert.Equal(t, *pool.ID, *service.InstancePoolID)
		assert.Equal(t, 10*time.Second, *service.Healthcheck.Interval)
		assert.Equal(t, "/health", *service.Healthcheck.URI)

		time.Sleep(time.Minute)
		members := instancesOf(t, client, *pool.ID)
		assert.Equal(t, map[string]string{
			members[0].PublicIPAddress.String(): "success", members[1].PublicIPAddress.String(): "success",
		}, health(t, client, *nlb.ID))

		require.NoError(t, client.UpdateNetworkLoadBalancer(ctx, zone,
			&egoscale.NetworkLoadBalancer{ID: nlb.ID, Name: new("other")}))
		service.Port = new(uint16(81))
		require.NoError(t, client.UpdateNetworkLoadBalancerService(ctx, zone, nlb, service))
		nlb, err := client.FindNetworkLoadBalancer(ctx, zone, "other")
		require.NoError(t, err)
		assert.Equal(t, "d", *nlb.Description)
		assert.EqualValues(t, 81, *nlb.Services[0].Port)

		require.NoError(t, client.DeleteNetworkLoadBalancerService(ctx, zone, nlb, service))
		require.NoError(t, client.DeleteNetworkLoadBalancer(ctx, zone, nlb))
		_, err = client.GetNetworkLoadBalancer(ctx, zone, *nlb.ID)
		require.ErrorIs(t, err, api.ErrNotFound)
	})
}

func TestPoolBehindALoadBalancerCannotBeDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 1)
		nlb, service := newService(t, client, pool)
		require.ErrorContains(t, client.DeleteInstancePool(t.Context(), zone, pool),
			"Operation destroyInstancePool on resource "+*pool.ID+" is forbidden - reason: Locked by NLB "+*nlb.ID)
		require.NoError(t, client.DeleteNetworkLoadBalancerService(t.Context(), zone, nlb, service))
		require.NoError(t, client.DeleteInstancePool(t.Context(), zone, pool))
	})
}

func TestLoadBalancerIsDeletedWithItsServices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 1)
		nlb, _ := newService(t, client, pool)
		require.NoError(t, client.DeleteNetworkLoadBalancer(t.Context(), zone, nlb))
		require.NoError(t, client.DeleteInstancePool(t.Context(), zone, pool))
		assert.Empty(t, cloud.Balancers())
	})
}

func TestDeletionInterruptsWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		created := call(t, cloud, http.MethodPost, "/v2/load-balancer", `{"name":"n"}`)
		id := created.body["reference"].(map[string]any)["id"].(string)
		require.Equal(t, 200, call(t, cloud, http.MethodDelete, "/v2/load-balancer/"+id, "").status)
		assert.Equal(t, 409, call(t, cloud, http.MethodDelete, "/v2/load-balancer/"+id, "").status)

		nlb, service := newService(t, client, newPool(t, client, 1))
		path := "/v2/load-balancer/" + *nlb.ID + "/service/" + *service.ID
		updated := call(t, cloud, http.MethodPut, path, `{"port":81}`)
		require.Equal(t, 200, call(t, cloud, http.MethodDelete, path, "").status)
		assert.Equal(t, 409, call(t, cloud, http.MethodPut, path, `{"port":82}`).status)
		time.Sleep(time.Minute)
		for _, op := range []answer{created, updated} {
			got := call(t, cloud, http.MethodGet, "/v2/operation/"+op.body["id"].(string), "")
			assert.Equal(t, "interrupted", got.body["reason"])
		}
		assert.Equal(t, 404, call(t, cloud, http.MethodGet, path, "").status)
	})
}

func TestHealthFollowsTheMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 1)
		nlb, _ := newService(t, client, pool)
		time.Sleep(time.Minute)
		first := instancesOf(t, client, *pool.ID)[0]

		require.NoError(t, cloud.FailMember(*first.ID))
		assert.Equal(t, map[string]string{first.PublicIPAddress.String(): "failure"}, health(t, client, *nlb.ID))
		assert.Equal(t, "running", cloud.Instances()[0].State, "the API does not notice")
		require.NoError(t, client.RebootInstance(t.Context(), zone, first))
		time.Sleep(time.Minute)
		assert.Equal(t, map[string]string{first.PublicIPAddress.String(): "success"}, health(t, client, *nlb.ID))

		require.NoError(t, client.ScaleInstancePool(t.Context(), zone, pool, 2))
		second := instancesOf(t, client, *pool.ID)[1]
		assert.Equal(t, "failure", health(t, client, *nlb.ID)[second.PublicIPAddress.String()], "it boots")
		time.Sleep(20 * time.Second)
		assert.Equal(t, "success", health(t, client, *nlb.ID)[second.PublicIPAddress.String()])
		info := cloud.Balancers()[0]
		assert.Equal(t, driverapi.HealthSuccess, info.Services[0].Health[*second.ID])
		require.NoError(t, cloud.FailMember(*second.ID))
		require.NoError(t, client.StopInstance(t.Context(), zone, second))
		require.NoError(t, client.StartInstance(t.Context(), zone, second))
		time.Sleep(time.Minute)
		assert.Equal(t, "success", health(t, client, *nlb.ID)[second.PublicIPAddress.String()])
		require.Error(t, cloud.FailMember(unknownID))
	})
}

func TestLoadBalancerRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{Quotas: map[string]int{"network-load-balancer": 1}})
		ctx := t.Context()
		pool := newPool(t, client, 1)
		nlb, _ := newService(t, client, pool)
		_, err := client.CreateNetworkLoadBalancer(ctx, zone, &egoscale.NetworkLoadBalancer{Name: new("nlb")})
		require.ErrorContains(t, err, "already exists")
		_, err = client.CreateNetworkLoadBalancer(ctx, zone, &egoscale.NetworkLoadBalancer{Name: new("two")})
		require.ErrorContains(t, err, "quota of resource network-load-balancer reached")

		path := "/v2/load-balancer/" + *nlb.ID + "/service"
		body := func(name, port, healthcheck string) string {
			return `{"name":"` + name + `","instance-pool":{"id":"` + *pool.ID + `"},"protocol":"tcp",` +
				`"strategy":"source-hash","port":` + port + `,"target-port":1,"healthcheck":` + healthcheck + `}`
		}
		for text, status := range map[string]int{
			body("web", "81", `{"mode":"tcp","port":1}`):                           409,
			body("x", "80", `{"mode":"tcp","port":1}`):                             409,
			body("x", "0", `{"mode":"tcp","port":1}`):                              400,
			body("x", "65536", `{"mode":"tcp","port":1}`):                          400,
			body("x", "81", `{"mode":"tcp"}`):                                      400,
			body("x", "81", `{"mode":"http","port":1}`):                            400,
			body("x", "81", `{"mode":"tcp","port":1,"interval":5,"timeout":6}`):    400,
			body("x", "81", `{"mode":"icmp","port":1}`):                            400,
			body("x", "81", `[]`):                                                  400,
			body("y", "81", `{"mode":"https","port":1,"uri":"/","tls-sni":"a.b"}`): 200,
		} {
			assert.Equal(t, status, call(t, cloud, http.MethodPost, path, text).status, text)
		}
		assert.Equal(t, 404, call(t, cloud, http.MethodGet, path+"/"+unknownID, "").status)
	})
}

func TestServiceDefaultsAreShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		nlb, service := newService(t, client, newPool(t, client, 1))
		path := "/v2/load-balancer/" + *nlb.ID + "/service/" + *service.ID
		require.Equal(t, 200, call(t, cloud, http.MethodPut, path, `{"description":"d","healthcheck":{"port":81,"retries":3}}`).status)
		got := call(t, cloud, http.MethodGet, path, "")
		assert.Equal(t, "updating", got.body["state"])
		assert.Equal(t, map[string]any{
			"mode": "tcp", "port": 81.0, "interval": 10.0, "timeout": 2.0, "retries": 3.0,
		}, got.body["healthcheck"], "it is replaced as a whole")
		require.Equal(t, 200, call(t, cloud, http.MethodDelete, path+"/description", "").status)
		require.Equal(t, 200, call(t, cloud, http.MethodDelete, "/v2/load-balancer/"+*nlb.ID+"/labels", "").status)
		time.Sleep(time.Minute)
		got = call(t, cloud, http.MethodGet, "/v2/load-balancer/"+*nlb.ID, "")
		assert.Empty(t, got.body["labels"])
		assert.Empty(t, got.body["services"].([]any)[0].(map[string]any)["description"])
	})
}
