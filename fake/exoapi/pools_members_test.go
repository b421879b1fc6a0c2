package exoapi_test

import (
	"bytes"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// A cloud with a state may have been short of members for weeks.
func TestMembersThatAreNotReplacedAreLoggedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		cloud, client := start(t, exoapi.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		newPool(t, client, 2)
		for shortages := 1; shortages <= 2; shortages++ {
			_, err := cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultQuotaReached})
			require.NoError(t, err)
			require.NoError(t, client.DeleteInstance(t.Context(), zone, instancesOf(t, client, cloud.Pools()[0].ID)[0]))
			time.Sleep(24 * time.Hour)
			assert.Len(t, cloud.Pools()[0].Members, 1)
			assert.Equal(t, shortages, bytes.Count(log.Bytes(), []byte("members are not replaced yet")))
			cloud.Faults().Clear()
			time.Sleep(time.Minute)
			assert.Len(t, cloud.Pools()[0].Members, 2)
		}
	})
}

func TestAFastCloudDoesNotTryWithoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{Timing: exoapi.Timing{Speed: 1e6}})
		newPool(t, client, 2)
		_, err := cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultQuotaReached})
		require.NoError(t, err)
		require.NoError(t, client.DeleteInstance(t.Context(), zone, instancesOf(t, client, cloud.Pools()[0].ID)[0]))
		cloud.Pools()
		before := cloud.Faults().Injected()[exoapi.FaultQuotaReached]
		time.Sleep(time.Second)
		cloud.Pools()
		assert.InDelta(t, 100, cloud.Faults().Injected()[exoapi.FaultQuotaReached]-before, 1)
	})
}
