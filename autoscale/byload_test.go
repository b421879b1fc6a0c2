package autoscale_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// exact is a policy that wants as many members as the load takes, and remembers how
// many turns it has seen.
type exact struct{ broken bool }

func (exact) Name() string { return "exact" }

func (exact) Learn(m autoscale.Memory, _ autoscale.Observation) autoscale.Memory {
	turns, _ := m.(int)
	return turns + 1
}

func (e exact) Decide(m autoscale.Memory, o autoscale.Observation) autoscale.Wish {
	if e.broken {
		return autoscale.Wish{Size: math.MinInt}
	}
	return autoscale.Wish{Size: int(math.Ceil(o.Load.Members)), Why: fmt.Sprintf("turn %d", m)}
}

func (exact) Encode(m autoscale.Memory) ([]byte, error) { return fmt.Append(nil, m), nil }

func (exact) Decode(data []byte) (autoscale.Memory, error) { return strconv.Atoi(string(data)) }

// A gauge is a signal that shows what the test says.
type gauge struct {
	load autoscale.Load
	err  error
	do   func(context.Context)
}

func (g *gauge) Measure(ctx context.Context, _ int) (autoscale.Load, error) {
	if g.do != nil {
		g.do(ctx)
	}
	return g.load, g.err
}

// newLoadWorld returns a world of healthy members whose size follows a load.
func newLoadWorld(t *testing.T, size int, change ...func(*autoscale.Config)) (*world, *gauge) {
	t.Helper()
	g := &gauge{}
	w := newWorld(t, size, append([]func(*autoscale.Config){func(cfg *autoscale.Config) {
		cfg.Policy, cfg.Signals, cfg.Max = exact{}, []autoscale.Signal{g}, 20
	}}, change...)...)
	w.heal()
	return w, g
}

// loaded takes a turn under this load.
func (w *world) loaded(g *gauge, members float64) autoscale.Decision {
	g.load = autoscale.Load{Members: members, At: w.clock.Now().Add(time.Minute)}
	d := w.turn()
	w.heal()
	return d
}

func TestThePoolFollowsItsPolicy(t *testing.T) {
	t.Parallel()
	w, g := newLoadWorld(t, 2)

	d := w.loaded(g, 6.2)
	assert.Equal(t, autoscale.Resized, d.Result)
	assert.Equal(t, autoscale.ReasonPolicyUp, d.Reason)
	assert.Equal(t, []int{2, 7}, []int{d.From, d.To}, "as far as the policy wants")
	assert.Equal(t, "exact", d.Policy)
	assert.Equal(t, "turn 1", d.Why)
	assert.InDelta(t, 6.2, d.Load.Members, 0)
	assert.Equal(t, []autoscale.Candidate{{Stage: "policy", Size: 7, Reason: autoscale.ReasonPolicyUp}}, d.Candidates)

	assert.Equal(t, autoscale.ReasonAsWanted, w.loaded(g, 6.2).Reason)

	d = w.loaded(g, 3)
	assert.Equal(t, autoscale.ReasonPolicyDown, d.Reason)
	assert.Len(t, d.Victims, 4)
	assert.Equal(t, 3, w.pool.Size())

	d = w.loaded(g, 100)
	assert.Equal(t, 20, d.To)
	assert.Equal(t, []autoscale.Candidate{
		{Stage: "policy", Size: 100, Reason: autoscale.ReasonPolicyUp}, {Stage: "limits", Size: 20, Reason: autoscale.ReasonPolicyUp},
	}, d.Candidates)
	assert.Equal(t, autoscale.ReasonAtMaximum, w.loaded(g, 100).Reason)
}

func TestWebhooksBesideAPolicy(t *testing.T) {
	t.Parallel()
	w, g := newLoadWorld(t, 3)
	w.webhook(up)
	d := w.loaded(g, 3)
	assert.Equal(t, autoscale.ReasonStepUp, d.Reason, "one more than there is")
	assert.Equal(t, fate{up: autoscale.ReasonStepUp}, fates(d))
	w.webhook(up)
	d = w.loaded(g, 8)
	assert.Equal(t, []int{4, 8}, []int{d.From, d.To}, "the larger wish")
	assert.Equal(t, fate{up: autoscale.ReasonPolicyUp}, fates(d))
	w.webhook(down)
	d = w.loaded(g, 8)
	assert.Equal(t, fate{down: autoscale.ReasonOverruled}, fates(d))
	assert.Equal(t, 8, w.pool.Size())
	w.webhook(down)
	d = w.loaded(g, 9)
	assert.Equal(t, fate{down: autoscale.ReasonOverruled}, fates(d))
	assert.Equal(t, 9, w.pool.Size())
}

// TestWithoutAKnownLoadThePoolDoesNotShrink; it may grow.
func TestWithoutAKnownLoadThePoolDoesNotShrink(t *testing.T) {
	t.Parallel()
	now := noon.Add(time.Minute)
	tests := map[string]struct {
		gauge gauge
		err   string
	}{
		"an error":          {gauge{err: errors.New("no answer")}, "no answer"},
		"not a number":      {gauge{load: autoscale.Load{Members: math.NaN(), At: now}}, "a load of NaN members"},
		"infinite":          {gauge{load: autoscale.Load{Members: math.Inf(1), At: now}}, "a load of +Inf members"},
		"negative":          {gauge{load: autoscale.Load{Members: -1, At: now}}, "a load of -1 members"},
		"impossible":        {gauge{load: autoscale.Load{Members: 1e9, At: now}}, "a load of 1e+09 members"},
		"old":               {gauge{load: autoscale.Load{At: now.Add(-181 * time.Second)}}, "the load was measured at 2026-03-01T11:57:59Z, more than 3m0s ago"},
		"in the future":     {gauge{load: autoscale.Load{At: now.Add(61 * time.Second)}}, "the load was measured at 2026-03-01T12:02:01Z, which is in the future"},
		"of no time":        {gauge{}, "the load was measured at 0001-01-01T00:00:00Z, more than 3m0s ago"},
		"panic":             {gauge{do: func(context.Context) { panic("oops") }}, "panic in a signal: oops"},
		"no answer in time": {gauge{do: func(ctx context.Context) { <-ctx.Done() }, err: context.DeadlineExceeded}, context.DeadlineExceeded.Error()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 3, func(cfg *autoscale.Config) { cfg.Policy, cfg.Signals = exact{}, []autoscale.Signal{&tt.gauge} })
				w.heal()
				d := w.turn()
				assert.Equal(t, autoscale.ReasonLoadUnknown, d.Reason)
				assert.Equal(t, tt.err, d.LoadError)
				assert.Nil(t, d.Load)
				w.webhook(up)
				assert.Equal(t, autoscale.ReasonStepUp, w.loop.RunOnce(t.Context()).Reason)
				assert.Equal(t, []int{4}, w.pool.Resizes())
			})
		})
	}
}

// TestOfSeveralSignalsTheLargestCounts: those that are known may show that more is
// needed, and only all together that less is.
func TestOfSeveralSignalsTheLargestCounts(t *testing.T) {
	t.Parallel()
	at := noon.Add(time.Minute)
	low, high := &gauge{load: autoscale.Load{Members: 2, At: at, AtLeast: true}}, &gauge{load: autoscale.Load{Members: 5, At: at}}
	fails := &gauge{err: errors.New("no answer")}
	for name, tt := range map[string]struct {
		signals []autoscale.Signal
		size    int // of the pool
		want    int
		reason  autoscale.Reason
	}{
		"grows":              {[]autoscale.Signal{low, high}, 3, 5, autoscale.ReasonPolicyUp},
		"shrinks":            {[]autoscale.Signal{high, low}, 6, 5, autoscale.ReasonPolicyDown},
		"grows by a part":    {[]autoscale.Signal{high, fails}, 3, 5, autoscale.ReasonPolicyUp},
		"shrinks not":        {[]autoscale.Signal{fails, high}, 6, 6, autoscale.ReasonLoadUnknown},
		"none":               {nil, 6, 6, autoscale.ReasonLoadUnknown},
		"knows not if right": {[]autoscale.Signal{fails, high}, 5, 5, autoscale.ReasonLoadUnknown},
	} {
		w := newWorld(t, tt.size, func(cfg *autoscale.Config) { cfg.Policy, cfg.Signals, cfg.Max = exact{}, tt.signals, 20 })
		w.heal()
		d := w.turn()
		assert.Equal(t, tt.reason, d.Reason, name)
		assert.Equal(t, tt.want, w.pool.Size(), name)
		if d.Load != nil && len(tt.signals) == 2 && d.LoadError == "" {
			assert.True(t, d.Load.AtLeast, "one of them is saturated")
		}
	}
}

func TestAPolicyThatIsWrongStaysWithinBounds(t *testing.T) {
	t.Parallel()
	w, g := newLoadWorld(t, 3, func(cfg *autoscale.Config) { cfg.Policy, cfg.Min = exact{broken: true}, 2 })
	w.loaded(g, 3)
	assert.Equal(t, []int{2}, w.pool.Resizes())
}

// TestAPolicyRemembersAcrossRestarts what it has learned in turns of its own, and of
// this pool.
func TestAPolicyRemembersAcrossRestarts(t *testing.T) {
	t.Parallel()
	w, g := newLoadWorld(t, 3)
	w.loaded(g, 3)
	w.pause(0, "")
	w.loaded(g, 3)
	w.start()
	assert.Empty(t, w.loaded(g, 3).Why, "during a pause it learns, and is not asked")
	require.NoError(t, w.loop.Resume(t.Context()))
	assert.Equal(t, "turn 4", w.loaded(g, 3).Why)

	w.cfg.PoolName = "another"
	w.start()
	assert.Equal(t, "turn 1", w.loaded(g, 3).Why)
	require.NoError(t, os.WriteFile(filepath.Join(w.cfg.StateDir, "policy.json"), []byte(`{"version":1,"pool":"at-vie-1/another","policy":"exact","memory":"eA=="}`), 0o600))
	w.start()
	assert.Equal(t, "turn 1", w.loaded(g, 3).Why)
	w.cfg.DryRun = true
	w.start()
	assert.Equal(t, "turn 2", w.loaded(g, 3).Why)
	w.start()
	assert.Equal(t, "turn 2", w.loaded(g, 3).Why, "a dry run keeps nothing")
}

// TestAPolicyDoesNotSeeARollingChange: its one more is no part of the size.
func TestAPolicyDoesNotSeeARollingChange(t *testing.T) {
	t.Parallel()
	w, g := newLoadWorld(t, 3, func(cfg *autoscale.Config) { cfg.RollingChange = true })
	w.pool.SetSettings("old")
	w.loaded(g, 3)
	w.pool.SetSettings("new")
	for range 6 {
		w.loaded(g, 3)
	}
	assert.Equal(t, []int{4, 3, 4, 3, 4, 3}, w.pool.Resizes())
	assert.Equal(t, autoscale.ReasonAsWanted, w.loaded(g, 3).Reason)
}

// TestStartTimesAreLearned from members that were seen to start.
func TestStartTimesAreLearned(t *testing.T) {
	t.Parallel()
	seen := &spy{}
	w, g := newLoadWorld(t, 1, func(cfg *autoscale.Config) { cfg.Policy = seen })
	w.loaded(g, 1)
	assert.Zero(t, seen.last.StartTime, "the first was there before")
	w.pool.SetSize(2)
	w.pool.SetHealth(1, autoscale.Unhealthy)
	for range 3 {
		w.loaded(g, 1)
	}
	w.pool.SetHealth(1, autoscale.Healthy)
	w.loaded(g, 1)
	assert.Equal(t, 4*time.Minute, seen.last.StartTime)
	assert.Equal(t, 2, seen.last.Serving)
	assert.Equal(t, []int{1, 20}, []int{seen.last.Min, seen.last.Max})
}

// A spy is a policy that keeps what it sees.
type spy struct {
	exact

	last autoscale.Observation
}

func (s *spy) Decide(_ autoscale.Memory, o autoscale.Observation) autoscale.Wish {
	s.last = o
	return autoscale.Wish{Size: o.Size}
}

func TestLoadOfSignals(t *testing.T) {
	t.Parallel()
	source := func(value float64, err error) autoscale.Source {
		return func(context.Context) (autoscale.Reading, error) {
			return autoscale.Reading{Value: value, At: noon}, err
		}
	}
	fails := errors.New("no answer")
	for name, tt := range map[string]struct {
		signal autoscale.Signal
		want   autoscale.Load
		err    error
	}{
		"half of what four can do":  {autoscale.Ratio{Source: source(0.5, nil), Objective: 0.8}, autoscale.Load{Members: 2.5, At: noon}, nil},
		"all of it, and maybe more": {autoscale.Ratio{Source: source(0.96, nil), Objective: 0.8}, autoscale.Load{Members: 4.8, At: noon, AtLeast: true}, nil},
		"no ratio":                  {autoscale.Ratio{Source: source(0, fails), Objective: 0.8}, autoscale.Load{}, fails},
		"requests":                  {autoscale.Amount{Source: source(450, nil), PerMember: 100}, autoscale.Load{Members: 4.5, At: noon}, nil},
		"no requests":               {autoscale.Amount{Source: source(0, fails), PerMember: 100}, autoscale.Load{}, fails},
	} {
		got, err := tt.signal.Measure(t.Context(), 4)
		assert.InDelta(t, tt.want.Members, got.Members, 1e-9, name)
		got.Members = tt.want.Members
		assert.Equal(t, tt.want, got, name)
		assert.Equal(t, tt.err, err, name)
	}
}

// TestTheLoadOfTheMembersIsASignal: of those that serve or finish their work. One
// that is silent may have more to do.
func TestTheLoadOfTheMembersIsASignal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		busy    []float64
		sick    int // members that are not healthy, the newest
		load    float64
		atLeast bool
		err     string
	}{
		"all are measured":         {[]float64{40, 60, 20}, 0, 1.5, false, ""},
		"one is silent":            {[]float64{40, 60, math.NaN()}, 0, 1.25, true, ""},
		"they can do no more":      {[]float64{96, 95, 100}, 0, 3.6375, true, ""},
		"more than all is nothing": {[]float64{9e9, 60, 20}, 0, 2.25, false, ""},
		"one that is not healthy":  {[]float64{40, 60, 100}, 1, 1.25, false, ""},
		"nobody is measured":       {[]float64{math.NaN(), math.NaN(), math.NaN()}, 0, 0, false, "of no member that serves it is known how busy it is"},
		"nobody who serves is":     {[]float64{math.NaN(), math.NaN(), 20}, 1, 0, false, "of no member that serves it is known how busy it is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := newMeasuredWorld(t, tt.busy, func(cfg *autoscale.Config) { cfg.Policy, cfg.CPUObjective, cfg.Max = &spy{}, 80, 20 })
			w.turn()
			for i := range tt.sick {
				w.pool.SetHealth(len(tt.busy)-1-i, autoscale.Unhealthy)
			}
			d := w.turn()
			assert.Equal(t, tt.err, d.LoadError)
			if tt.err != "" {
				assert.Equal(t, autoscale.ReasonLoadUnknown, d.Reason)
				return
			}
			require.NotNil(t, d.Load)
			assert.InDelta(t, tt.load, d.Load.Members, 1e-9)
			assert.Equal(t, tt.atLeast, d.Load.AtLeast)
		})
	}
}

// TestAMeterThatFailsIsNoSignal: what it said before is not the load of now.
func TestAMeterThatFailsIsNoSignal(t *testing.T) {
	t.Parallel()
	w, meter := newMeasuredWorld(t, []float64{40, 60, 20}, func(cfg *autoscale.Config) { cfg.Policy, cfg.CPUObjective = &spy{}, 80 })
	meter.err = errors.New("no answer")
	for range 3 {
		assert.Equal(t, autoscale.ReasonLoadUnknown, w.turn().Reason)
	}
}

// TestAForecastIsShown in the decision and in metrics, as long as there is one.
func TestAForecastIsShown(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	oracle := &oracle{forecast: &autoscale.Forecast{Members: 2.5, Margin: 0.5, Expert: "yesterday"}}
	w, g := newLoadWorld(t, 2, func(cfg *autoscale.Config) { cfg.Policy, cfg.Registerer, cfg.Max = oracle, registry, 5 })

	assert.Equal(t, oracle.forecast, w.loaded(g, 1.5).Forecast)
	want := func(name, help, value string) {
		t.Helper()
		expected := strings.NewReader("")
		if value != "" {
			expected = metric(name, "gauge", help, value)
		}
		require.NoError(t, testutil.GatherAndCompare(registry, expected, "exopool_autoscaler_"+name))
	}
	want("load_members", "Members that serve which the load takes at the objective, as last measured.", "1.5")
	want("wanted_members", "Members that the policy wants, before guards and limits.", "3")
	want("forecast_members", "Members that the load is expected to take when new members serve.", "2.5")
	want("forecast_margin_members", "Members that the policy adds to the forecast for its errors; negative: takes away.", "0.5")

	oracle.forecast = nil
	g.err = errors.New("no answer")
	d := w.turn()
	assert.Nil(t, d.Forecast)
	want("load_members", "", "")
	want("forecast_members", "", "")
	want("load_unknown", "1 while the load that the policy needs is not known.", "1")
}

// An oracle is a policy with a forecast.
type oracle struct {
	exact

	forecast *autoscale.Forecast
}

func (o *oracle) Decide(autoscale.Memory, autoscale.Observation) autoscale.Wish {
	return autoscale.Wish{Size: 3, Forecast: o.forecast}
}
