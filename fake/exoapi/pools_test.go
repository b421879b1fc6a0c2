package exoapi_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

func TestPoolIsCreatedWithRunningMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		started := time.Now()
		pool := newPool(t, client, 3)
		assert.GreaterOrEqual(t, time.Since(started), 15*time.Second, "members need their time to start")
		assert.Equal(t, "running", *pool.State)
		assert.EqualValues(t, 3, *pool.Size)
		require.Len(t, *pool.InstanceIDs, 3)

		members := instancesOf(t, client, *pool.ID)
		require.Len(t, members, 3)
		for i, m := range members {
			assert.Equal(t, (*pool.InstanceIDs)[i], *m.ID, "creation order")
			assert.Equal(t, "running", *m.State)
			assert.Regexp(t, `^pool-`+(*pool.ID)[:5]+`-[a-z0-9]{5}$`, *m.Name)
			assert.Equal(t, *pool.ID, m.Manager.ID)
			assert.NotNil(t, m.PublicIPAddress)
		}
		require.NoError(t, client.WaitInstancePoolConverged(t.Context(), zone, *pool.ID))
	})
}

func TestScaleInTakesTheOldestMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := start(t, exoapi.Config{})
		pool := newPool(t, client, 3)
		before := *pool.InstanceIDs
		require.NoError(t, client.ScaleInstancePool(t.Context(), zone, pool, 1))
		pool, err := client.GetInstancePool(t.Context(), zone, *pool.ID)
		require.NoError(t, err)
		assert.Equal(t, before[2:], *pool.InstanceIDs)
		assert.EqualValues(t, 1, *pool.Size)
		assert.Len(t, instancesOf(t, client, *pool.ID), 1, "destroyed members are gone once the operation is done")
	})
}
