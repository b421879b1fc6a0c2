package autoscale_test

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

func busy(m autoscale.ObservedMember, percent float64) autoscale.ObservedMember {
	m.Busy, m.Measured = percent, true
	return m
}

func because(m autoscale.ObservedMember, why string) autoscale.ObservedMember {
	m.Why = why
	return m
}

func TestTheLeastBusyGoesFirst(t *testing.T) {
	t.Parallel()
	const (
		ok, sick, dead, leaves = autoscale.Serving, autoscale.UnhealthyNow, autoscale.FailedMember, autoscale.Draining
	)
	type list = []autoscale.ObservedMember
	for name, tt := range map[string]struct {
		step    int
		members list
		want    []string
	}{
		"the least busy, not the newest": {
			1,
			list{busy(member("a", ok, 0), 40), busy(member("b", ok, 1), 7), busy(member("c", ok, 2), 80)},
			[]string{"b: least-busy"},
		},
		"several, in the order of their load": {
			2,
			list{busy(member("a", ok, 0), 40), busy(member("b", ok, 1), 80), busy(member("c", ok, 2), 7)},
			[]string{"c: least-busy", "a: least-busy"},
		},
		"an idle one is measured": {
			1,
			list{member("a", ok, 0), busy(member("b", ok, 1), 0), member("c", ok, 2)},
			[]string{"b: least-busy"},
		},
		"one that is silent may be busy, and goes after those that are": {
			3,
			list{busy(member("a", ok, 0), 100), member("b", ok, 1), busy(member("c", ok, 2), 99), member("d", ok, 3)},
			[]string{"c: least-busy", "a: least-busy", "d: newest"},
		},
		"the newest if none is measured": {
			1,
			list{member("a", ok, 0), member("b", ok, 2), member("c", ok, 1)},
			[]string{"b: newest"},
		},
		"of those that are as busy, the newest": {
			1,
			list{busy(member("a", ok, 0), 5), busy(member("b", ok, 2), 5), busy(member("c", ok, 1), 5)},
			[]string{"b: least-busy"},
		},
		"never one that is protected": {
			1,
			list{protected(busy(member("a", ok, 0), 5)), busy(member("b", ok, 1), 50)},
			[]string{"b: least-busy"},
		},
		"outdated before less busy": {
			1,
			list{busy(member("a", ok, 0), 5), obsolete(busy(member("b", ok, 1), 50))},
			[]string{"b: outdated"},
		},
		"of those that are outdated, the least busy": {
			1,
			list{obsolete(busy(member("a", ok, 0), 5)), obsolete(busy(member("b", ok, 1), 50))},
			[]string{"a: outdated"},
		},
		"unhealthy before less busy": {
			1,
			list{busy(member("a", ok, 0), 0), busy(member("b", sick, 1), 90)},
			[]string{"b: unhealthy"},
		},
		"of those that do not serve, the newest, however busy": {
			3,
			list{busy(member("a", sick, 0), 1), busy(member("b", sick, 1), 90), member("c", dead, 2), busy(member("d", ok, 3), 0)},
			[]string{"c: failed", "b: unhealthy", "a: unhealthy"},
		},
		"one that drains goes on, though another is less busy now": {
			1,
			list{busy(member("a", ok, 0), 1), because(busy(member("b", leaves, 1), 90), "least-busy"), busy(member("c", ok, 2), 0)},
			[]string{"b: least-busy"},
		},
		"and for the reason of its beginning": {
			1,
			list{busy(member("a", ok, 0), 1), because(member("b", leaves, 1), "newest")},
			[]string{"b: newest"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := autoscale.Situation{Size: len(tt.members), Members: tt.members, Down: true}
			assert.Equal(t, tt.want, victims(autoscale.DecideInOrder(autoscale.LeastBusyFirst, tt.step, 1, 6, o)))
		})
	}
}

func TestLoadMattersToNoOtherOrder(t *testing.T) {
	t.Parallel()
	all := []autoscale.ObservedMember{
		busy(member("a", autoscale.Serving, 0), 50), busy(member("b", autoscale.Serving, 1), 1), busy(member("c", autoscale.Serving, 2), 90),
	}
	o := autoscale.Situation{Size: 3, Members: all, Down: true}
	assert.Equal(t, []string{"c: newest"}, victims(autoscale.DecideInOrder(autoscale.NewestFirst, 1, 1, 6, o)))
	assert.Equal(t, []string{"a: oldest"}, victims(autoscale.DecideInOrder(autoscale.OldestFirst, 1, 1, 6, o)))
}

// A meter answers what the test says, in the order of the pool's members.
type meter struct {
	w      *world
	busy   []float64
	err    error
	silent bool // it answers only when it may no longer
	asked  int
}

func (m *meter) Busy(ctx context.Context) (map[netip.Addr]float64, error) {
	m.asked++
	if m.silent {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if m.err != nil {
		return nil, m.err
	}
	status, err := m.w.pool.Status(m.w.Context())
	require.NoError(m.w, err)
	answer := map[netip.Addr]float64{netip.MustParseAddr("192.0.2.99"): 0} // of no member
	for i, busy := range m.busy {
		answer[status.Members[i].Address] = busy
	}
	return answer, nil
}

// newMeasuredWorld returns a world of healthy members that are as busy as is said,
// the oldest first.
func newMeasuredWorld(t *testing.T, busy []float64, change ...func(*autoscale.Config)) (*world, *meter) {
	t.Helper()
	m := &meter{busy: busy}
	w := newWorld(t, 1, append(change, func(cfg *autoscale.Config) {
		cfg.Meter, cfg.EvictionOrder, cfg.Registerer = m, autoscale.LeastBusyFirst, prometheus.NewRegistry()
	})...)
	m.w = w
	for i := range busy {
		w.pool.SetSize(i + 1)
		w.pool.SetHealth(i, autoscale.Healthy)
		w.clock.Advance(time.Second) // the last is the newest
	}
	return w, m
}

// gauges compares the number of members that are measured with the metric.
func (w *world) gauges(want string) {
	w.Helper()
	require.NoError(w, testutil.GatherAndCompare(w.cfg.Registerer.(prometheus.Gatherer),
		metric("pool_members_measured", "gauge", "Members of which it is known how busy they are, as last read.", want), "exopool_autoscaler_pool_members_measured"))
}

func TestTheLeastBusyMemberIsEvicted(t *testing.T) {
	t.Parallel()
	w, meter := newMeasuredWorld(t, []float64{50, 3, 90})
	id := w.pool.IDs()[1]
	w.webhook(down)

	d := w.turn()

	assert.Equal(t, autoscale.ReasonStepDown, d.Reason)
	require.Len(t, d.Victims, 1)
	assert.Equal(t, id, d.Victims[0].ID)
	assert.Equal(t, "least-busy", d.Victims[0].Why)
	assert.Equal(t, 3, d.Measured)
	assert.Empty(t, d.MeterError)
	assert.NotContains(t, w.pool.IDs(), id)
	assert.Equal(t, 1, meter.asked, "once a turn")
	w.gauges("3")
}

// TestAMeterThatFailsStopsNothing: the order makes do without it, and says so.
func TestAMeterThatFailsStopsNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil    func(*meter)
		measured int
		err      string
		why      string
		victim   int
	}{
		"an error":            {func(m *meter) { m.err = errors.New("no answer") }, 0, "no answer", "newest", 2},
		"no answer in time":   {func(m *meter) { m.silent = true }, 0, context.DeadlineExceeded.Error(), "newest", 2},
		"nobody is measured":  {func(m *meter) { m.busy = nil }, 0, "", "newest", 2},
		"values that are NaN": {func(m *meter) { m.busy = []float64{math.NaN(), 80, math.NaN()} }, 1, "", "least-busy", 1},
		"negative values":     {func(m *meter) { m.busy = []float64{-1, 80, math.Inf(-1)} }, 1, "", "least-busy", 1},
		"infinite values":     {func(m *meter) { m.busy = []float64{math.Inf(1), 80, math.Inf(1)} }, 3, "", "least-busy", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, meter := newMeasuredWorld(t, []float64{1, 50, 90}, func(cfg *autoscale.Config) { cfg.Timeout = 800 * time.Millisecond })
			id := w.pool.IDs()[tt.victim]
			tt.spoil(meter)
			w.webhook(down)

			d := w.turn()

			assert.Equal(t, autoscale.ReasonStepDown, d.Reason)
			require.Len(t, d.Victims, 1)
			assert.Equal(t, id, d.Victims[0].ID)
			assert.Equal(t, tt.why, d.Victims[0].Why)
			assert.Equal(t, tt.measured, d.Measured)
			assert.Equal(t, tt.err, d.MeterError)
			assert.Equal(t, 2, w.pool.Size())
		})
	}
}

// TestWhatWasMeasuredIsNotKept: who was idle a turn ago may be busy now.
func TestWhatWasMeasuredIsNotKept(t *testing.T) {
	t.Parallel()
	w, meter := newMeasuredWorld(t, []float64{1, 50, 90})
	require.Equal(t, 3, w.turn().Measured)
	meter.err = errors.New("no answer")
	w.webhook(down)
	d := w.turn()
	assert.Zero(t, d.Measured)
	assert.Equal(t, "newest", d.Victims[0].Why)
	w.gauges("0")
	meter.err = nil
	meter.busy = meter.busy[:2]
	d = w.turn()
	assert.Equal(t, 2, d.Measured)
	assert.Empty(t, d.MeterError)
	w.gauges("2")
}

// TestOneThatDrainsStaysChosen whatever the others do meanwhile.
func TestOneThatDrainsStaysChosen(t *testing.T) {
	t.Parallel()
	drainer := &drainer{connections: 1}
	w, meter := newMeasuredWorld(t, []float64{50, 3, 90}, func(cfg *autoscale.Config) { cfg.Drainer = drainer })
	drainer.w = w
	id := w.pool.IDs()[1]
	w.webhook(down)
	first := w.turn()
	require.Equal(t, autoscale.ReasonDraining, first.Reason)
	require.Equal(t, id, first.Victims[0].ID)
	meter.busy = []float64{0, 99, 0}
	assert.Equal(t, id, w.turn().Victims[0].ID)
	meter.err = errors.New("no answer")
	drainer.connections = 0
	d := w.turn()
	assert.Equal(t, autoscale.ReasonStepDown, d.Reason)
	assert.Equal(t, id, d.Victims[0].ID)
	assert.Equal(t, "least-busy", d.Victims[0].Why)
}

// TestALoopThatStopsWaitsForNoMeter: it has no use for the answer.
func TestALoopThatStopsWaitsForNoMeter(t *testing.T) {
	t.Parallel()
	w, meter := newMeasuredWorld(t, []float64{1})
	ctx, cancel := context.WithCancel(t.Context())
	meter.silent = true
	time.AfterFunc(time.Millisecond, cancel)
	began := time.Now()
	d := w.loop.RunOnce(ctx)
	assert.Equal(t, autoscale.ReasonStopping, d.Reason)
	assert.Empty(t, d.MeterError)
	assert.Less(t, time.Since(began), 5*time.Second)
}

func TestTheLeastBusyNeedsAMeter(t *testing.T) {
	t.Parallel()
	cfg := autoscale.Config{Pool: newWorld(t, 1).pool, EvictionOrder: autoscale.LeastBusyFirst}
	_, err := autoscale.New(cfg)
	require.EqualError(t, err, "Meter is missing: set it, or another order of eviction")
	cfg.Meter = &meter{}
	_, err = autoscale.New(cfg)
	require.NoError(t, err)
	cfg.EvictionOrder = "any"
	_, err = autoscale.New(cfg)
	assert.EqualError(t, err, `EvictionOrder is "any": set it to newest, oldest or least-busy`)
}
