package autoscale_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
)

// members returns n members in one condition, each a minute younger than the one
// before.
func members(n int, condition autoscale.Condition) []autoscale.ObservedMember {
	var all []autoscale.ObservedMember
	for i := range n {
		all = append(all, member(fmt.Sprint(condition, i), condition, i))
	}
	return all
}

func member(name string, condition autoscale.Condition, minute int) autoscale.ObservedMember {
	return autoscale.ObservedMember{
		Member:    autoscale.Member{ID: "id of " + name, Name: name},
		Condition: condition, Since: noon.Add(time.Duration(minute) * time.Minute),
	}
}

func obsolete(m autoscale.ObservedMember) autoscale.ObservedMember {
	m.Outdated = true
	return m
}

func stopping(m autoscale.ObservedMember) autoscale.ObservedMember {
	m.State = autoscale.MemberStopping
	return m
}

func protected(m autoscale.ObservedMember) autoscale.ObservedMember {
	m.Protected = true
	return m
}

// victims returns who goes, and why.
func victims(t autoscale.Target) (list []string) {
	for _, v := range t.Victims {
		list = append(list, v.Name+": "+v.Why)
	}
	return list
}

func TestScaleInNamesItsVictims(t *testing.T) {
	t.Parallel()
	const (
		ok, young, sick, dead, gone = autoscale.Serving, autoscale.Starting, autoscale.UnhealthyNow, autoscale.FailedMember, autoscale.Leaving
	)
	type list = []autoscale.ObservedMember
	tests := map[string]struct {
		size, step int
		members    list
		want       []string
		reason     autoscale.Reason
	}{
		"the newest of those that serve": {3, 1, list{member("a", ok, 1), member("b", ok, 3), member("c", ok, 2)}, []string{"b: newest"}, autoscale.ReasonStepDown},
		"failed before unhealthy":        {3, 1, list{member("a", sick, 1), member("b", dead, 0), member("c", ok, 2)}, []string{"b: failed"}, autoscale.ReasonStepDown},
		"unhealthy before those that serve": {
			3, 1,
			list{member("a", sick, 0), member("b", ok, 1), member("c", ok, 2)},
			[]string{"a: unhealthy"},
			autoscale.ReasonStepDown,
		},
		"of those that serve, one that is outdated": {
			3, 1,
			list{member("a", ok, 1), obsolete(member("b", ok, 0)), member("c", ok, 2)},
			[]string{"b: outdated"},
			autoscale.ReasonStepDown,
		},
		"unhealthy before outdated": {
			3, 1,
			list{obsolete(member("a", ok, 1)), member("b", sick, 0), member("c", ok, 2)},
			[]string{"b: unhealthy"},
			autoscale.ReasonStepDown,
		},
		"several, worst first": {
			5, 4,
			list{member("a", ok, 0), member("b", ok, 1), member("c", sick, 2), member("d", dead, 3), member("e", ok, 4)},
			[]string{"d: failed", "c: unhealthy", "e: newest", "b: newest"},
			autoscale.ReasonStepDown,
		},
		"never one that is protected": {
			3, 1,
			list{member("a", ok, 0), member("b", ok, 1), protected(member("c", ok, 2))},
			[]string{"b: newest"},
			autoscale.ReasonStepDown,
		},
		"fewer than the step if others are protected": {
			4, 3,
			list{member("a", ok, 0), protected(member("b", ok, 1)), protected(member("c", ok, 2)), protected(member("d", ok, 3))},
			[]string{"a: newest"},
			autoscale.ReasonStepDown,
		},
		"nobody if all are protected": {2, 1, list{protected(member("a", ok, 0)), protected(member("b", ok, 1))}, nil, autoscale.ReasonProtected},
		"nobody who serves while one that does not is protected: the capacity is what was asked for": {
			3, 1, list{protected(member("a", sick, 0)), member("b", ok, 1), member("c", ok, 2)}, nil, autoscale.ReasonProtected,
		},
		"nobody while one is on its way": {3, 1, list{member("a", ok, 0), member("b", dead, 1), member("c", young, 2)}, nil, autoscale.ReasonMemberStarting},
		"nobody while one stops: it may be one of those that were asked for": {
			3, 1, list{member("a", ok, 0), member("b", ok, 1), stopping(member("c", gone, 2))}, nil, autoscale.ReasonMemberStarting,
		},
		"those that leave already do not count":   {2, 1, list{member("a", ok, 0), member("b", ok, 1), member("c", gone, 2)}, []string{"b: newest"}, autoscale.ReasonStepDown},
		"of members of the same age, by their id": {2, 1, list{member("b", ok, 0), member("a", ok, 0)}, []string{"a: newest"}, autoscale.ReasonStepDown},
		"above the maximum, too":                  {9, 1, append(members(8, ok), member("x", dead, 9)), []string{"x: failed"}, autoscale.ReasonStepDown},
		"first, members that do not exist":        {3, 1, members(2, ok), nil, autoscale.ReasonStepDown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := autoscale.Decide(tt.step, 1, 6, autoscale.Situation{Size: tt.size, Members: tt.members, Down: true})
			assert.Equal(t, tt.want, victims(got))
			assert.Equal(t, tt.reason, got.Reason)
			if tt.want != nil {
				assert.Equal(t, tt.size-len(tt.want), got.Size)
			}
		})
	}
}

func TestNobodyIsEvictedOnPoorKnowledge(t *testing.T) {
	t.Parallel()
	all := members(3, autoscale.Serving)
	for reason, o := range map[autoscale.Reason]autoscale.Situation{
		autoscale.ReasonHealthUnknown:  {Size: 3, Members: all, Down: true, HealthUnknown: true},
		autoscale.ReasonMemberStarting: {Size: 3, Members: all[:2], Down: true, AwaitsMissing: true},
	} {
		got := autoscale.Decide(1, 1, 6, o)
		assert.Equal(t, autoscale.Target{Size: 3, Reason: reason}, got)
		o.Up = true
		assert.Equal(t, 4, autoscale.Decide(1, 1, 6, o).Size, "growing needs to know less")
	}
}

func TestTheNamedMemberIsEvicted(t *testing.T) {
	t.Parallel()
	for order, victim := range map[autoscale.EvictionOrder]int{autoscale.NewestFirst: 2, autoscale.OldestFirst: 0} {
		w := newWorld(t, 2, func(cfg *autoscale.Config) { cfg.EvictionOrder = order })
		w.clock.Advance(time.Minute)
		w.pool.SetSize(3)
		id := w.pool.IDs()[victim]
		w.webhook(down)

		d := w.turn()

		assert.Equal(t, autoscale.ReasonStepDown, d.Reason)
		require.Len(t, d.Victims, 1)
		assert.Equal(t, id, d.Victims[0].ID)
		assert.Equal(t, string(order), d.Victims[0].Why)
		assert.NotContains(t, w.pool.IDs(), id)
		assert.Equal(t, 2, w.pool.Size())
	}
}

func TestADeadMemberGoesBeforeTheHealthyOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.SetHealth(0, autoscale.Healthy)
	w.pool.SetHealth(1, autoscale.Healthy)
	w.turn()
	dead := w.pool.SetHealth(0, autoscale.Unhealthy)
	w.webhook(down)

	d := w.turn()

	assert.Equal(t, autoscale.Conditions{Serving: 1, Unhealthy: 1}, d.Conditions)
	assert.Equal(t, []autoscale.Victim{{ID: dead, Name: d.Victims[0].Name, Why: "unhealthy"}}, d.Victims)
	assert.NotContains(t, w.pool.IDs(), dead)
}

// TestAWebhookWaitsForAMemberOnItsWay: it is served once the member is healthy.
func TestAWebhookWaitsForAMemberOnItsWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.SetHealth(1, autoscale.Unhealthy)
	w.webhook(down)
	for range 3 {
		d := w.turn()
		assert.Equal(t, autoscale.ReasonMemberStarting, d.Reason)
		assert.Empty(t, d.Settled)
	}
	w.pool.SetHealth(1, autoscale.Healthy)
	assert.Equal(t, autoscale.ReasonStepDown, w.turn().Reason)
}

func TestNobodyIsEvictedWhileHealthIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.HideHealth(errors.New("no answer"))
	w.webhook(down)
	d := w.turn()
	assert.Equal(t, autoscale.ReasonHealthUnknown, d.Reason)
	assert.Equal(t, "no answer", d.HealthError)
	w.webhook(up)
	assert.Equal(t, autoscale.ReasonStepUp, w.turn().Reason, "the pool may still grow")
	w.pool.HideHealth(nil)
	w.webhook(down)
	assert.Equal(t, autoscale.ReasonStepDown, w.turn().Reason)
}

// TestAMemberThatStartsWhileHealthIsUnknownGoesOnStarting: it has not served.
func TestAMemberThatStartsWhileHealthIsUnknownGoesOnStarting(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 2)
	w.pool.SetSize(3)
	w.pool.SetHealth(2, autoscale.Unhealthy)
	require.Equal(t, 1, w.turn().Conditions.Starting)
	w.pool.HideHealth(errors.New("no answer"))
	w.turn()
	w.pool.HideHealth(nil)
	w.webhook(down)
	assert.Equal(t, autoscale.ReasonMemberStarting, w.turn().Reason)
}

// TestAnEvictionThatFailsIsDecidedAnew: another attempt names who is worst then.
func TestAnEvictionThatFailsIsDecidedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.pool.FailNext("resize", autoscale.ErrRefused)
	w.webhook(down)
	d := w.turn()
	assert.Equal(t, autoscale.ReasonRefused, d.Reason)
	assert.Equal(t, "resize pool web from 3 to 2 by eviction: refused by the provider", d.Error)
	assert.Equal(t, 3, w.pool.Size())
	sick := w.pool.SetHealth(0, autoscale.Unhealthy)

	d = w.turn()

	assert.Equal(t, sick, d.Victims[0].ID)
	assert.NotContains(t, w.pool.IDs(), sick)
}

// TestAnEvictionWithoutAnAnswerIsCounted once it is known to have taken effect.
func TestAnEvictionWithoutAnAnswerIsCounted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fail   func(*fake.Pool)
		counts []float64 // after each turn
	}{
		"known in the next turn":          {func(p *fake.Pool) { p.LoseNext("resize", errors.New("no answer")) }, []float64{0, 1, 1}},
		"known in the same turn":          {func(p *fake.Pool) { p.LoseNext("resize", lost) }, []float64{1, 1}},
		"not carried out, and then again": {func(p *fake.Pool) { p.FailNext("resize", errors.New("no answer")) }, []float64{0, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				reg, pool := prometheus.NewRegistry(), fake.NewPool("web", 3, nil)
				loop, err := autoscale.New(autoscale.Config{Pool: pool, Registerer: reg})
				require.NoError(t, err)
				tt.fail(pool)
				loop.Record(t.Context(), down)
				for turn, want := range tt.counts {
					loop.RunOnce(t.Context())
					assert.InDelta(t, want, evictions(t, reg), 0, "turn %d", turn+1)
				}
				assert.Equal(t, 2, pool.Size())
			})
		})
	}
}

// evictions returns how many evictions the metrics count.
func evictions(t *testing.T, reg *prometheus.Registry) (n float64) {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == "exopool_autoscaler_evictions_total" {
			for _, m := range f.GetMetric() {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}

// TestAMemberThatAListLacksForATurnIsNotGivenUp, though another has been missing for
// long: the provider would choose who goes, perhaps one that serves.
func TestAMemberThatAListLacksForATurnIsNotGivenUp(t *testing.T) {
	t.Parallel()
	w := newHealthyWorld(t, 4, func(cfg *autoscale.Config) { cfg.Step = 2 })
	lack := func(n int) {
		w.hooks.show = func(status *autoscale.Status) { status.Members = status.Members[:len(status.Members)-n] }
	}
	lack(1)
	w.pass(12)
	lack(2)
	w.webhook(down)
	assert.Equal(t, autoscale.ReasonMemberStarting, w.turn().Reason)
	lack(1)
	w.pass(12)
	w.webhook(down)
	require.Equal(t, autoscale.ReasonStepDown, w.turn().Reason, "only the one")
	require.Equal(t, 3, w.pool.Size())
	w.webhook(down)
	assert.Equal(t, autoscale.ReasonMemberStarting, w.turn().Reason, "it is another that the list lacks now")
}
