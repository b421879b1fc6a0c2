package autoscale_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// newRollingWorld returns a world of healthy members made with settings that the
// pool had before.
func newRollingWorld(t *testing.T, size int, change ...func(*autoscale.Config)) *world {
	t.Helper()
	w := newWorld(t, size, append(change, func(cfg *autoscale.Config) { cfg.RollingChange = true })...)
	w.pool.SetSettings("old")
	w.heal()
	w.turn()
	w.pool.SetSettings("new")
	return w
}

// roll takes turns until no member is outdated, and returns the sizes asked for.
func (w *world) roll(turns int) []int {
	for range turns {
		if d := w.turn(); d.RollingChange == "" && d.Outdated == 0 {
			break
		}
		w.heal()
	}
	return w.pool.Resizes()
}

func TestARollingChangeReplacesOneAfterTheOther(t *testing.T) {
	t.Parallel()
	w := newRollingWorld(t, 3)
	before := w.pool.IDs()

	d := w.turn()
	assert.Equal(t, autoscale.ReasonRollingChange, d.Reason)
	assert.Equal(t, []int{3, 4}, []int{d.From, d.To})
	assert.Equal(t, 3, d.Outdated)
	assert.Equal(t, autoscale.RollingRunning, d.RollingChange)

	w.pool.SetHealth(3, autoscale.Unhealthy) // it boots
	for range 3 {
		d = w.turn()
		assert.Equal(t, autoscale.ReasonRollingChange, d.Reason)
		assert.Equal(t, autoscale.Held, d.Result)
	}
	w.pool.SetHealth(3, autoscale.Healthy)
	d = w.turn()
	assert.Equal(t, []autoscale.Victim{{ID: before[0], Name: "pool-web-1", Why: "outdated"}}, d.Victims, "the oldest")
	assert.Equal(t, 2, d.Outdated-1)

	assert.Equal(t, []int{4, 3, 4, 3, 4, 3}, w.roll(20))
	for _, id := range before {
		assert.NotContains(t, w.pool.IDs(), id)
	}
	d = w.turn()
	assert.Equal(t, autoscale.ReasonNoDemand, d.Reason)
	assert.Empty(t, d.RollingChange)
}

func TestNoRollingChange(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*autoscale.Config)
		happen func(*world)
	}{
		"if it is off":                     {change: func(cfg *autoscale.Config) { cfg.RollingChange = false }},
		"of members that are protected":    {happen: func(w *world) { w.pool.Protect(0); w.pool.Protect(1); w.pool.Protect(2) }},
		"while the health is not known":    {happen: func(w *world) { w.pool.HideHealth(errors.New("no answer")) }},
		"while the pool is busy":           {happen: func(w *world) { w.pool.SetState("updating") }},
		"while an operator has taken over": {happen: func(w *world) { w.pause(0, "") }},
		"in a dry run":                     {change: func(cfg *autoscale.Config) { cfg.DryRun = true }},
		"while members are being removed":  {happen: func(w *world) { w.pool.Linger(3) }},
		"of what is as it was":             {happen: func(w *world) { w.pool.SetSettings("old") }},
		"if the settings are not known":    {happen: func(w *world) { w.pool.SetSettings("") }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRollingWorld(t, 3)
			if tt.change != nil {
				tt.change(&w.cfg)
				w.start()
			}
			if tt.happen != nil {
				tt.happen(w)
			}
			w.pass(5)
			assert.Empty(t, w.pool.Resizes())
		})
	}
}

// TestARollingChangeHaltsOnTheFirstThatDoesNotServe, which is evicted, and goes on
// when it is told, or when the pool has other settings.
func TestARollingChangeHaltsOnTheFirstThatDoesNotServe(t *testing.T) {
	t.Parallel()
	for name, tell := range map[string]func(*world){
		"resumed":              func(w *world) { require.NoError(w, w.loop.Resume(w.Context())) },
		"other settings":       func(w *world) { w.pool.SetSettings("newer") },
		"resumed, then anew":   func(w *world) { require.NoError(w, w.loop.Resume(w.Context())); w.turn(); w.start() },
		"anew, other settings": func(w *world) { w.start(); w.pool.SetSettings("newer") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRollingWorld(t, 3)
			before := w.pool.IDs()
			w.turn()
			bad := w.pool.SetHealth(3, autoscale.Unhealthy)
			var d autoscale.Decision
			for range 11 {
				d = w.turn()
			}
			assert.Equal(t, bad, d.Victims[0].ID)
			assert.Equal(t, autoscale.RollingHalted, d.RollingChange)
			assert.Equal(t, before, w.pool.IDs())
			w.start() // it is remembered
			for range 30 {
				d = w.turn()
				require.Equal(t, autoscale.ReasonRollingHalted, d.Reason)
				require.Equal(t, autoscale.Held, d.Result)
			}
			require.Equal(t, 3, d.Outdated)

			tell(w)

			w.roll(20)
			for _, id := range before {
				assert.NotContains(t, w.pool.IDs(), id)
			}
			assert.Equal(t, 3, w.pool.Size())
		})
	}
}

// TestARollingChangeWaitsForNewMembersThatFalter: one of them that stays unhealthy
// halts it, one that recovers does not.
func TestARollingChangeWaitsForNewMembersThatFalter(t *testing.T) {
	t.Parallel()
	for name, repair := range map[string]time.Duration{"with repair": 10 * time.Minute, "without": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRollingWorld(t, 3, func(cfg *autoscale.Config) { cfg.RepairAfter = repair })
			w.pass(3) // one is replaced, and one added
			require.Equal(t, 4, w.pool.Size())
			w.pool.SetHealth(2, autoscale.Unhealthy) // the first that was new
			resizes := w.pool.Resizes()
			w.pass(5)
			require.Equal(t, resizes, w.pool.Resizes())
			w.pool.SetHealth(2, autoscale.Healthy)
			assert.Equal(t, "outdated", w.turn().Victims[0].Why)
			w.heal()

			w.pass(1)
			require.Equal(t, 4, w.pool.Size())
			faulty := w.pool.SetHealth(2, autoscale.Unhealthy)
			w.pass(11)
			assert.NotContains(t, w.pool.IDs(), faulty)
			assert.Equal(t, autoscale.ReasonRollingHalted, w.turn().Reason)
		})
	}
}

// TestBrokenMembersAreReplacedByAFix: they need no other to serve in their place.
func TestBrokenMembersAreReplacedByAFix(t *testing.T) {
	t.Parallel()
	w := newRollingWorld(t, 3)
	for i := range 3 {
		w.pool.SetHealth(i, autoscale.Unhealthy)
	}
	w.roll(20)
	assert.Equal(t, 3, w.pool.Size())
	assert.Equal(t, 3, w.turn().Conditions.Serving)
}

// TestAFixMayStartThoughTheFuseIsBlown: starts with other settings say nothing of it.
func TestAFixMayStartThoughTheFuseIsBlown(t *testing.T) {
	t.Parallel()
	w := newRollingWorld(t, 1, func(cfg *autoscale.Config) { cfg.RollingChange = false; cfg.Max = 50 })
	w.grow(18)
	require.True(t, w.turn().FuseBlown)
	w.pool.SetSettings("fixed")
	assert.False(t, w.turn().FuseBlown)
}

func TestWebhooksDuringARollingChange(t *testing.T) {
	t.Parallel()
	w := newRollingWorld(t, 3, func(cfg *autoscale.Config) { cfg.Max, cfg.Min = 4, 3 })
	w.turn() // one more, which is no part of the size that the rule sees
	w.heal()
	w.webhook(up)
	d := w.turn()
	assert.Equal(t, autoscale.ReasonStepUp, d.Reason)
	assert.Equal(t, 5, w.pool.Size(), "the maximum, and the one of the rolling change")
	w.heal()
	w.webhook(up)
	d = w.turn()
	assert.Equal(t, fate{up: autoscale.ReasonAtMaximum}, fates(d))
	assert.Equal(t, autoscale.ReasonRollingChange, d.Reason, "it goes on meanwhile")
	assert.Equal(t, 4, w.pool.Size())
	w.turn()
	w.heal()
	w.webhook(down)
	d = w.turn()
	assert.Equal(t, autoscale.ReasonStepDown, d.Reason)
	assert.Equal(t, "outdated", d.Victims[0].Why)
	assert.Equal(t, 4, w.pool.Size(), "three, and the one")
	w.webhook(down)
	d = w.turn()
	assert.Equal(t, fate{down: autoscale.ReasonAtMinimum}, fates(d))
	assert.Equal(t, autoscale.ReasonRollingChange, d.Reason)
	w.roll(20)
	assert.Equal(t, 3, w.pool.Size())
}

// TestARollingChangeSurvivesARestart in each of its turns, whether the answer came
// or not.
func TestARollingChangeSurvivesARestart(t *testing.T) {
	t.Parallel()
	for at := range 6 {
		for _, lose := range []bool{false, true} {
			t.Run(fmt.Sprint(at, lose), func(t *testing.T) {
				t.Parallel()
				w := newRollingWorld(t, 3)
				before := w.pool.IDs()
				w.pass(at)
				if lose {
					w.pool.LoseNext("resize", errors.New("power cut"))
				}
				w.pass(1)
				w.start()
				w.roll(20)
				for _, id := range before {
					assert.NotContains(t, w.pool.IDs(), id)
				}
				assert.Equal(t, 3, w.pool.Size())
				assert.LessOrEqual(t, slices.Max(w.pool.Resizes()), 4)
			})
		}
	}
}

// TestARollingChangeThatIsSwitchedOffEnds: what it has added goes.
func TestARollingChangeThatIsSwitchedOffEnds(t *testing.T) {
	t.Parallel()
	for name, happen := range map[string]func(*world){
		"off":            func(w *world) { w.cfg.RollingChange = false; w.start() },
		"back as it was": func(w *world) { w.pool.SetSettings("old") },
		"protected":      func(w *world) { w.pool.Protect(0); w.pool.Protect(1); w.pool.Protect(2) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRollingWorld(t, 3)
			w.pass(1)
			require.Equal(t, 4, w.pool.Size())
			happen(w)
			w.pass(10)
			assert.Equal(t, 3, w.pool.Size())
			assert.Equal(t, []int{4, 3}, w.pool.Resizes())
		})
	}
}

// TestWhoeverSetsTheSizeDuringARollingChangeDecides how many members there are.
func TestWhoeverSetsTheSizeDuringARollingChangeDecides(t *testing.T) {
	t.Parallel()
	for _, size := range []int{2, 3, 5} {
		w := newRollingWorld(t, 3)
		w.pass(1)
		w.pool.SetSize(size)
		w.heal()
		w.roll(30)
		assert.Equal(t, size, w.pool.Size())
	}
}

// TestAMemberThatNeverComesHaltsARollingChange: the provider has none, for example.
func TestAMemberThatNeverComesHaltsARollingChange(t *testing.T) {
	t.Parallel()
	o := autoscale.Situation{Size: 3, Owed: -1, Members: members(2, autoscale.Serving)}
	for i := range o.Members {
		o.Members[i].Outdated = true
	}
	o.AwaitsMissing = true
	assert.Equal(t, autoscale.Target{Size: 3, Reason: autoscale.ReasonRollingChange}, autoscale.DecideRolling(1, 5, o))
	o.AwaitsMissing = false
	got := autoscale.DecideRolling(1, 5, o)
	assert.Equal(t, 2, got.Size)
	assert.Empty(t, got.Victims)
	assert.True(t, got.Halts)
}

// TestNoCapacityIsLostToARollingChange: an old member that serves stays while a new
// one in its place does not.
func TestNoCapacityIsLostToARollingChange(t *testing.T) {
	t.Parallel()
	serving, sick := autoscale.Serving, autoscale.UnhealthyNow
	for name, tt := range map[string]struct {
		members []autoscale.ObservedMember
		want    []string
	}{
		"all serve":           {[]autoscale.ObservedMember{obsolete(member("a", serving, 0)), obsolete(member("b", serving, 1)), member("c", serving, 2)}, []string{"a: outdated"}},
		"the new one falters": {[]autoscale.ObservedMember{obsolete(member("a", serving, 0)), obsolete(member("b", serving, 1)), member("c", sick, 2)}, nil},
		"an old one falters":  {[]autoscale.ObservedMember{obsolete(member("a", serving, 0)), obsolete(member("b", sick, 1)), member("c", serving, 2)}, []string{"b: unhealthy"}},
		"one that is protected falters": {
			[]autoscale.ObservedMember{obsolete(member("a", serving, 0)), protected(obsolete(member("b", sick, 1))), member("c", serving, 2)}, nil,
		},
	} {
		got := autoscale.DecideRolling(1, 5, autoscale.Situation{Size: 3, Owed: -1, Members: tt.members})
		assert.Equal(t, tt.want, victims(got), name)
		assert.False(t, got.Halts, name)
	}
}

// TestMoreIsAskedForWhileAnOutdatedMemberDrains: it is taken back, and the new one
// stays, if the maximum permits.
func TestMoreIsAskedForWhileAnOutdatedMemberDrains(t *testing.T) {
	t.Parallel()
	for most, want := range map[int]struct {
		reason autoscale.Reason
		fate   autoscale.Reason
		size   int // in the end
	}{
		4: {autoscale.ReasonTakenBack, autoscale.ReasonTakenBack, 4},
		3: {autoscale.ReasonDraining, autoscale.ReasonAtMaximum, 3},
	} {
		drainer := &drainer{connections: 1}
		w := newRollingWorld(t, 3, func(cfg *autoscale.Config) { cfg.Drainer, cfg.Max = drainer, most })
		drainer.w = w
		w.turn()
		w.heal()
		require.Equal(t, autoscale.ReasonDraining, w.turn().Reason)
		w.webhook(up)
		d := w.turn()
		assert.Equal(t, want.reason, d.Reason)
		assert.Equal(t, fate{up: want.fate}, fates(d))
		assert.Equal(t, 4, w.pool.Size())
		drainer.connections = 0
		w.roll(30)
		assert.Equal(t, want.size, w.pool.Size())
		assert.Equal(t, 0, w.turn().Outdated)
	}
}

// TestWhatMembersWereMadeWithSurvivesARestart: nothing that the provider lists says so.
func TestWhatMembersWereMadeWithSurvivesARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.pool.SetSettings("old")
	w.turn()
	w.start()
	w.pool.SetSettings("new")
	w.pool.SetSize(3)
	assert.Equal(t, 3, w.turn().Outdated, "the third may be from before")
	w.pool.SetSize(4)
	assert.Equal(t, 3, w.turn().Outdated)
	w.start()
	assert.Equal(t, 3, w.turn().Outdated)
	w.pool.SetSettings("old")
	assert.Equal(t, 1, w.turn().Outdated)
}

// TestMembersThatAListLacksAreRemembered: it may lack one by mistake.
func TestMembersThatAListLacksAreRemembered(t *testing.T) {
	t.Parallel()
	w := newRollingWorld(t, 2, func(cfg *autoscale.Config) { cfg.DryRun = true })
	w.turn()
	w.clock.Advance(59 * time.Minute)
	assert.Equal(t, 2, w.turn().Outdated)
}

// TestAFileOfMembersThatIsWrongIsIgnored: they count as made with what the pool has
// now.
func TestAFileOfMembersThatIsWrongIsIgnored(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"damaged":      `{"version":1,"pool":"at-vie-1/web","settings":"new"`,
		"empty":        ``,
		"another":      `{"version":2}`,
		"another pool": `{"version":1,"pool":"at-vie-1/other","settings":"older","members":{}}`,
		"without ids":  `{"version":1,"pool":"at-vie-1/web","settings":"older","members":{"":"old"}}`,
	} {
		w := newRollingWorld(t, 2)
		w.turn()
		require.NoError(t, os.WriteFile(filepath.Join(w.cfg.StateDir, "members.json"), []byte(content), 0o600))
		w.start()
		assert.Equal(t, 0, w.turn().Outdated, name)
	}
}
