package view_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/demo/internal/view"
)

func good() view.Summary {
	return view.Summary{
		StartSize: 1, PeakSize: 3, EndSize: 1, MinSize: 1, SecondsToSecondMember: new(17.3),
		WebhooksUp: 6, WebhooksDown: 9, StepsUp: 2, StepsDown: 2,
		Requests: 4321, P95MsBefore: new(980.0), P95MsAfter: new(410.0),
		AvgCPUBefore: new(99.4), AvgCPUAtPeak: new(63.1), HighThreshold: 80,
		APICalls: 133, Alerting: "rules", Speed: 12, DurationSeconds: 91.7,
	}
}

func TestEachConditionFailsAlone(t *testing.T) {
	require.Empty(t, good().Check())
	for name, c := range map[string]struct {
		spoil   func(*view.Summary)
		failure string
	}{
		"no growth":            {func(s *view.Summary) { s.PeakSize = 1 }, "did not grow"},
		"still too busy":       {func(s *view.Summary) { s.AvgCPUAtPeak = new(80.0) }, "stayed at 80.0 %"},
		"never measured":       {func(s *view.Summary) { s.AvgCPUAtPeak = nil }, "never measured"},
		"a lost request":       {func(s *view.Summary) { s.RequestErrors = 1 }, "1 of 4321 requests were lost"},
		"no request at all":    {func(s *view.Summary) { s.Requests = 0 }, "no request was sent"},
		"did not shrink":       {func(s *view.Summary) { s.EndSize = 2 }, "ended with 2"},
		"shrank below minimum": {func(s *view.Summary) { s.EndSize = 0 }, "ended with 0"},
	} {
		t.Run(name, func(t *testing.T) {
			s := good()
			c.spoil(&s)
			failures := s.Check()
			require.Len(t, failures, 1)
			assert.Contains(t, failures[0], c.failure)
		})
	}
}

func TestJudgeAddsTheCallersReasons(t *testing.T) {
	s := good()
	s.Judge()
	require.NotNil(t, s.Passed)
	assert.True(t, *s.Passed)
	s.Judge("the run was interrupted")
	require.NotNil(t, s.Passed)
	assert.False(t, *s.Passed)
	assert.Equal(t, []string{"the run was interrupted"}, s.Failures)
}

func TestSummaryJSONKeys(t *testing.T) {
	s := good()
	s.Judge()
	var out bytes.Buffer
	require.NoError(t, s.WriteJSON(&out))
	var m map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &m))
	assert.Subset(t, slices.Collect(maps.Keys(m)), []string{
		"start_size", "peak_size", "end_size", "seconds_to_second_member", "webhooks_up", "webhooks_down",
		"steps_up", "steps_down", "requests", "request_errors", "p95_ms_before", "p95_ms_after", "avg_cpu_at_peak",
		"api_calls", "alerting", "passed", "failures", "speed", "duration_seconds",
	})
	assert.Equal(t, []any{}, m["failures"], "an empty list, not null")
	assert.Equal(t, true, m["passed"])
}

func TestARunByHandIsNotJudged(t *testing.T) {
	s := good()
	s.ByHand = true
	var out bytes.Buffer
	require.NoError(t, s.WriteJSON(&out))
	var m map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &m))
	assert.Nil(t, m["passed"])
	assert.Nil(t, m["failures"])
	assert.Equal(t, true, m["by_hand"])
}

func TestAFigureBelowTheThresholdIsNotRoundedUpToIt(t *testing.T) {
	s := good()
	s.AvgCPUAtPeak = new(79.8)
	s.Judge()
	var out bytes.Buffer
	require.NoError(t, s.WriteTable(&out, view.Style{}))
	assert.Contains(t, out.String(), "average CPU came back under 80 %     79 %")
}

func TestSummaryTable(t *testing.T) {
	bad := good()
	bad.PeakSize, bad.AvgCPUAtPeak, bad.SecondsToSecondMember, bad.RequestErrors, bad.EndSize = 1, new(99.4), nil, 7, 2
	for name, c := range map[string]struct {
		summary view.Summary
		style   view.Style
	}{
		"summary-passed.txt": {good(), view.Style{Unicode: true}},
		"summary-failed.txt": {bad, view.Style{Unicode: true}},
		"summary-ascii.txt":  {bad, view.Style{}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			c.summary.Judge()
			require.NoError(t, c.summary.WriteTable(&out, c.style))
			golden(t, name, out.String())
		})
	}
	assert.Error(t, good().WriteTable(brokenPipe{}, view.Style{}))
	assert.Error(t, good().WriteJSON(brokenPipe{}))
}

func TestSummaryTellsOfBootsOnlyWhenTheyAreLeftOut(t *testing.T) {
	table := func(change func(*view.Summary)) string {
		s := good()
		change(&s)
		var b bytes.Buffer
		require.NoError(t, s.WriteTable(&b, view.Style{}))
		return b.String()
	}
	assert.NotContains(t, table(func(*view.Summary) {}), "boot")
	assert.Contains(t, table(func(s *view.Summary) { s.BootAware = 7.5 }), "the same as over all members")
	assert.Contains(t, table(func(s *view.Summary) {
		s.BootAware, s.WidestSeen, s.WidestPlain = 7.5, new(98.0), new(49.0)
	}), "98 % without members that boot, 49 % over all")
}
