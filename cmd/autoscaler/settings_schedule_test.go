package main

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

func TestSchedulesAreSet(t *testing.T) {
	t.Parallel()
	cfg, err := parse(nil, settingstest.Course().With(settingstest.Env{
		"AUTOSCALER_SCHEDULES": "morning: 30 7 * * mon-fri Europe/Vienna for 2h at least 6; night: 0 22 * * * UTC for 8h at most 2",
	}).Get, io.Discard)
	require.NoError(t, err)
	require.NotNil(t, cfg.Loop.Schedule)
	floor, ceiling, active := cfg.Loop.Schedule.At(time.Date(2026, time.January, 12, 7, 0, 0, 0, time.UTC), 0)
	assert.Equal(t, 6, floor)
	assert.Zero(t, ceiling)
	assert.Equal(t, []string{"morning"}, active)

	cfg, err = parse([]string{"-schedules="}, settingstest.Course().Get, io.Discard)
	require.NoError(t, err)
	assert.Nil(t, cfg.Loop.Schedule)
}
