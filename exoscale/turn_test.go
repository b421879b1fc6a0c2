package exoscale_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake/exoapi"
)

const scaleCall = "scale-instance-pool"

// newLoop returns an autoscaler of a pool on the emulator, with a webhook that
// asks for one more member.
func newLoop(t *testing.T, client *exoscale.Client, poolID string) *autoscale.Loop {
	t.Helper()
	loop, err := autoscale.New(autoscale.Config{Pool: client.Pool(poolID), PoolName: "web", Zone: "at-vie-1"})
	require.NoError(t, err)
	loop.Record(t.Context(), autoscale.Up)
	return loop
}

func TestATurnOutlivesFaultsThatPass(t *testing.T) {
	tests := map[string]exoapi.Fault{
		"rate limit":              {Name: exoapi.FaultTooManyRequests, Duration: 5 * time.Second},
		"server error before it":  {Name: exoapi.FaultServerErrorBefore},
		"two of them":             {Name: exoapi.FaultServerErrorBefore, Count: 2},
		"connection lost before":  {Name: exoapi.FaultDropBefore},
		"answer slower than 10 s": {Name: exoapi.FaultLatency, Duration: 15 * time.Second},
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud, client := emulator(t, exoapi.Config{})
				id := newPool(t, cloud, "web", 1)
				fault.Operation, fault.Count = scaleCall, max(fault.Count, 1)
				_, err := cloud.Faults().Add(fault)
				require.NoError(t, err)

				d := newLoop(t, client, id).RunOnce(t.Context())

				assert.Equal(t, autoscale.Resized, d.Result, d.Error)
				assert.Equal(t, autoscale.ReasonStepUp, d.Reason)
				assert.Equal(t, 2, cloud.Pools()[0].Size)
				assert.Equal(t, fault.Count+1, cloud.Calls().ByOperation[scaleCall])
			})
		})
	}
}

// TestNoChangeIsOverwritten: another client resizes the pool while a turn waits
// to ask again. That size stays, and the next turn decides on it.
func TestNoChangeIsOverwritten(t *testing.T) {
	tests := map[string]struct {
		fault  exoapi.Fault
		reason autoscale.Reason
	}{
		"rate limit of a minute": {exoapi.Fault{Name: exoapi.FaultTooManyRequests, Duration: time.Minute, Count: 1}, autoscale.ReasonRateLimited},
		"rate limit":             {exoapi.Fault{Name: exoapi.FaultTooManyRequests, Duration: 5 * time.Second, Count: 1}, autoscale.ReasonSizeChanged},
		"server errors":          {exoapi.Fault{Name: exoapi.FaultServerErrorBefore, Count: 2}, autoscale.ReasonSizeChanged},
		"lost connections":       {exoapi.Fault{Name: exoapi.FaultDropBefore, Count: 2}, autoscale.ReasonSizeChanged},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud, client := emulator(t, exoapi.Config{Timing: exoapi.Timing{Speed: 1000}})
				id := newPool(t, cloud, "web", 2)
				test.fault.Operation = scaleCall
				_, err := cloud.Faults().Add(test.fault)
				require.NoError(t, err)
				loop := newLoop(t, client, id)
				time.AfterFunc(500*time.Millisecond, func() { assert.NoError(t, cloud.SetPoolSize(id, 8)) })

				d := loop.RunOnce(t.Context())

				assert.Equal(t, test.reason, d.Reason, d.Error)
				assert.NotEqual(t, autoscale.Resized, d.Result)
				time.Sleep(time.Minute)
				assert.Equal(t, 8, cloud.Pools()[0].Size)
				next := loop.RunOnce(t.Context())
				assert.Equal(t, 8, next.From, "the next turn decides again")
			})
		})
	}
}

func TestNothingIsAskedOfAnAPIThatAsksToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := emulator(t, exoapi.Config{})
		id := newPool(t, cloud, "web", 2)
		_, err := cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultTooManyRequests, Duration: time.Hour, Count: 1})
		require.NoError(t, err)
		loop := newLoop(t, client, id)
		before := cloud.Calls().Total
		for range 60 {
			d := loop.RunOnce(t.Context())
			require.Equal(t, autoscale.ReasonRateLimited, d.Reason, d.Error)
			time.Sleep(time.Minute)
		}
		assert.Equal(t, before+1, cloud.Calls().Total)

		loop.Record(t.Context(), autoscale.Up)
		assert.Equal(t, autoscale.ReasonStepUp, loop.RunOnce(t.Context()).Reason)
	})
}
