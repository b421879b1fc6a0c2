package exoapi_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
)

// TestSpeedOfARunningCloud: what is under way, what comes later and what is
// metered follow a new speed.
func TestSpeedOfARunningCloud(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{KeepChanges: true})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); cloud.Run(ctx) }()
		defer func() { cancel(); <-ended }()

		pool := newPool(t, client, 1)
		began := cloud.Passed()
		require.Equal(t, 200, call(t, cloud, "PUT", "/v2/instance-pool/"+*pool.ID+":scale", `{"size":2}`).status)
		time.Sleep(5 * time.Second) // of the 15 s that an instance starts
		require.NoError(t, cloud.SetSpeed(10))
		assert.InDelta(t, 10, cloud.Speed(), 0)
		time.Sleep(time.Second - time.Millisecond)
		assert.Equal(t, "scaling-up", cloud.Pools()[0].State)
		time.Sleep(2 * time.Millisecond)
		assert.Equal(t, "running", cloud.Pools()[0].State, "the other 10 s take one")
		assert.InDelta(t, 15, (cloud.Passed() - began).Seconds(), 0.1)

		before := hours(cloud)["ipv4"][1]
		time.Sleep(6 * time.Minute)
		assert.InDelta(t, 2, hours(cloud)["ipv4"][1]-before, 1e-6, "an hour, of two addresses")

		require.Equal(t, 200, call(t, cloud, "PUT", "/v2/instance-pool/"+*pool.ID+":scale", `{"size":3}`).status)
		require.NoError(t, cloud.SetSpeed(0.5))
		time.Sleep(29 * time.Second)
		assert.Equal(t, "scaling-up", cloud.Pools()[0].State)
		time.Sleep(2 * time.Second)
		assert.Equal(t, "running", cloud.Pools()[0].State)

		var state bytes.Buffer
		require.NoError(t, cloud.Save(&state))
		passed := cloud.Passed()
		require.NoError(t, cloud.Reset())
		assert.InDelta(t, 1, cloud.Speed(), 0, "as if just started")
		require.NoError(t, cloud.Load(state.Bytes()))
		assert.InDelta(t, 0.5, cloud.Speed(), 0)
		assert.InDelta(t, passed.Seconds(), cloud.Passed().Seconds(), 1e-3)
	})
}

// TestBootFollowsTheSpeed: a member becomes healthy sooner, too.
func TestBootFollowsTheSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{Timing: exoapi.Timing{Boot: time.Hour}})
		pool := newPool(t, client, 1)
		newService(t, client, pool)
		healthy := func() bool {
			for _, h := range cloud.Balancers()[0].Services[0].Health {
				return h == "success"
			}
			return false
		}
		require.NoError(t, cloud.SetSpeed(60))
		time.Sleep(55 * time.Second)
		assert.False(t, healthy())
		time.Sleep(5 * time.Second)
		assert.True(t, healthy())
	})
}

// TestSpeedIsTheOneThatWasSet: arithmetic with the speed at the start would make
// 29.000000000000004 of one of these.
func TestSpeedIsTheOneThatWasSet(t *testing.T) {
	t.Parallel()
	cloud, err := exoapi.New(exoapi.Config{Timing: exoapi.Timing{Speed: 7}})
	require.NoError(t, err)
	defer cloud.Close()
	for speed := 1.0; speed <= 100; speed++ {
		require.NoError(t, cloud.SetSpeed(speed))
		require.Equal(t, speed, cloud.Speed()) //nolint:testifylint // exactly
	}
	require.NoError(t, cloud.Reset())
	assert.InDelta(t, 7, cloud.Speed(), 0)
}

// TestExtremeSpeeds: nothing comes at once because it would take longer than can
// be counted, and no time is negative.
func TestExtremeSpeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, client := start(t, exoapi.Config{Timing: exoapi.Timing{Boot: 1000 * time.Hour}})
		pool := newPool(t, client, 1)
		newService(t, client, pool)
		require.NoError(t, cloud.SetSpeed(1e-6))
		require.Equal(t, 200, call(t, cloud, "PUT", "/v2/instance-pool/"+*pool.ID+":scale", `{"size":2}`).status)
		time.Sleep(time.Hour)
		assert.Equal(t, "scaling-up", cloud.Pools()[0].State)
		for _, health := range cloud.Balancers()[0].Services[0].Health {
			assert.EqualValues(t, "failure", health)
		}
		require.NoError(t, cloud.SetSpeed(1e9))
		time.Sleep(24 * time.Hour)
		assert.Equal(t, "running", cloud.Pools()[0].State)
		assert.Equal(t, time.Duration(math.MaxInt64), cloud.Passed())
	})
}

func TestSpeedsThatAreRefused(t *testing.T) {
	t.Parallel()
	cloud, err := exoapi.New(exoapi.Config{})
	require.NoError(t, err)
	for _, speed := range []float64{0, -1, math.NaN(), math.Inf(1), 1e10, 9e-7, math.SmallestNonzeroFloat64} {
		assert.Error(t, cloud.SetSpeed(speed), "%g", speed)
	}
	assert.NoError(t, cloud.CanSetSpeed())
	cloud.Close()
	require.Error(t, cloud.SetSpeed(2))
	assert.InDelta(t, 1, cloud.Speed(), 0)

	driven, err := exoapi.New(exoapi.Config{Machines: newRecorder()})
	require.NoError(t, err)
	defer driven.Close()
	err = driven.SetSpeed(2)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, err, driven.CanSetSpeed())
}
