package exoapi_test

import (
	"testing"
	"testing/synctest"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// hours returns what was metered, by item: how much there is now, and for how
// many hours of one.
func hours(cloud *exoapi.Cloud) map[string][2]float64 {
	found := map[string][2]float64{}
	for _, m := range cloud.Metered() {
		found[m.Item] = [2]float64{m.Now, m.Hours}
	}
	return found
}

func TestMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{})
		assert.Empty(t, cloud.Metered())
		_, err := client.CreateSecurityGroup(t.Context(), zone, &egoscale.SecurityGroup{Name: new("free")})
		require.NoError(t, err)
		assert.Empty(t, cloud.Metered(), "groups cost nothing")

		i := newInstance(t, client)
		_, err = client.CreateElasticIP(t.Context(), zone, &egoscale.ElasticIP{})
		require.NoError(t, err)
		before := hours(cloud)
		time.Sleep(2 * time.Hour)
		after := hours(cloud)
		for item, want := range map[string][2]float64{
			"standard.micro": {1, 2}, "disk": {10, 20}, "ipv4": {1, 2}, "elastic-ip": {1, 2},
		} {
			assert.InDelta(t, want[0], after[item][0], 0, item)
			assert.InDelta(t, want[1], after[item][1]-before[item][1], 1e-6, item)
		}

		require.NoError(t, client.StopInstance(t.Context(), zone, i))
		assert.InDelta(t, 0, hours(cloud)["standard.micro"][0], 0, "a stopped instance needs no CPU")
		assert.InDelta(t, 10, hours(cloud)["disk"][0], 0, "but keeps its disk")
		require.NoError(t, client.ResizeInstanceDisk(t.Context(), zone, i, 20))
		assert.InDelta(t, 20, hours(cloud)["disk"][0], 0)
		require.NoError(t, client.DeleteInstance(t.Context(), zone, i))
		gone := hours(cloud)
		assert.InDelta(t, 0, gone["disk"][0]+gone["ipv4"][0], 0)
		time.Sleep(time.Hour)
		assert.InDelta(t, gone["disk"][1], hours(cloud)["disk"][1], 1e-9, "what is gone costs nothing")

		closed := hours(cloud)
		cloud.Close()
		time.Sleep(time.Hour)
		assert.Equal(t, closed, hours(cloud), "nor does anything in a closed cloud")
	})
}

// TestMeterCountsTheCloudsTime: at twice the speed, an hour takes half an hour.
func TestMeterCountsTheCloudsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{Timing: exoapi.Timing{Speed: 2}})
		newInstance(t, client)
		before := hours(cloud)["ipv4"][1]
		time.Sleep(30 * time.Minute)
		assert.InDelta(t, 1, hours(cloud)["ipv4"][1]-before, 1e-6)
	})
}
