package replay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
	"github.com/exopool/exopool/policy"
	"github.com/exopool/exopool/replay"
)

// TestARecordedRunDecidesTheSameAgain: decisions hold all that the policy saw.
func TestARecordedRunDecidesTheSameAgain(t *testing.T) {
	t.Parallel()
	follow := func() autoscale.Policy {
		p, err := policy.NewFollow(policy.FollowConfig{})
		require.NoError(t, err)
		return p
	}
	clock := fake.NewClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	turn := 0
	loop, err := autoscale.New(autoscale.Config{
		Pool: fake.NewPool("web", 2, clock), PoolName: "web", Max: 20, Clock: clock, Policy: follow(),
		Signals: []autoscale.Signal{autoscale.Ratio{Objective: 0.8, Source: func(context.Context) (autoscale.Reading, error) {
			if turn%41 == 0 {
				return autoscale.Reading{}, errors.New("no answer")
			}
			return autoscale.Reading{Value: min(0.5+0.6*math.Sin(float64(turn)/30), 1) * float64(turn%7) / 6, At: clock.Now()}, nil
		}}},
	})
	require.NoError(t, err)
	for turn = range 400 {
		if turn%50 == 0 {
			loop.Record(t.Context(), autoscale.Up)
		}
		loop.RunOnce(t.Context())
		clock.Advance(time.Minute)
	}
	recorded, err := json.Marshal(loop.Decisions())
	require.NoError(t, err)

	decisions, err := replay.ReadDecisions(bytes.NewReader(recorded))
	require.NoError(t, err)
	require.Len(t, decisions, 400)
	resized := 0
	for i, wish := range replay.Again(decisions, follow()) {
		assert.Equal(t, decisions[i].Wanted, wish.Size, "turn %d", i)
		assert.Equal(t, decisions[i].Why, wish.Why, "turn %d", i)
		assert.Equal(t, decisions[i].Forecast, wish.Forecast, "turn %d", i)
		if decisions[i].Result == autoscale.Resized {
			resized++
		}
	}
	assert.Greater(t, resized, 10)
}

func TestDecisionsThatCannotBeReplayed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`<html>`:       "not the decisions of an autoscaler",
		`[]`:           "in none of the decisions",
		`[{"turn":1}]`: "in none of the decisions",
		`null`:         "in none of the decisions",
	} {
		_, err := replay.ReadDecisions(strings.NewReader(text))
		assert.ErrorContains(t, err, want, text)
	}
}

func FuzzDecisions(f *testing.F) {
	f.Add([]byte(`[{"turn":1,"seen":{"time":"2026-03-01T12:00:00Z","interval_ns":60000000000,"size":2,"load":{"members":1.5,"at":"2026-03-01T12:00:00Z"}},"load_error":"x"}]`))
	f.Add([]byte(`[{"seen":{"size":-1,"interval_ns":-5,"load":{"members":-1e300}}},{"seen":{}}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		decisions, err := replay.ReadDecisions(bytes.NewReader(data))
		if err != nil {
			return
		}
		follow, err := policy.NewFollow(policy.FollowConfig{})
		require.NoError(t, err)
		assert.Len(t, replay.Again(decisions, follow), len(decisions))
	})
}
