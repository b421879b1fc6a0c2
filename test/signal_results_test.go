package test_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/terraform/templates"
)

// boots are what machines may do until their application answers: wait for
// downloads, or unpack and compile.
func boots() []boot {
	return []boot{
		{"quiet, 35 s", 35, 35, 0.05},
		{"quiet, 90 s", 20, 90, 0.05},
		{"busy, 90 s", 40, 90, 0.9},
	}
}

// A signal is rule files that record it.
type signal struct{ counting, rules string }

// The signals that are compared, and what they are called in the docs.
func signals(t *testing.T) (names []string, files map[string]signal) {
	t.Helper()
	rules := installed(t, "signal.yml")
	leftOut := func(age time.Duration) signal {
		return signal{templates.Counting{Steal: true, BootAwareAge: age}.Rules(), rules}
	}
	return []string{"all count", "left out, 60 s", "left out, 150 s", "counted as idle"}, map[string]signal{
		"all count":       {installed(t, "counting.yml"), rules},
		"left out, 60 s":  leftOut(time.Minute),
		"left out, 150 s": leftOut(150 * time.Second),
		"counted as idle": {installed(t, "counting.yml"), string(read(t, "../docs/signals/booting-counts-as-idle.yml"))},
	}
}

// An outcome is how the pool followed a load that came at some instant of the
// rhythm of alerts and turns: the least and the most over several instants.
type outcome struct {
	peaks  [2]int     // members
	enough [2]float64 // seconds until members could carry the load at below 80 %
}

func (o outcome) String() string {
	peak := fmt.Sprint(o.peaks[0])
	if o.peaks[1] > o.peaks[0] {
		peak += fmt.Sprintf(" to %d", o.peaks[1])
	}
	return fmt.Sprintf("%s, %.0f to %.0f s", peak, o.enough[0], o.enough[1])
}

// follow puts a load, in CPUs, on a pool of one that has little to do.
func follow(t *testing.T, b boot, by signal, load float64) outcome {
	t.Helper()
	const calm, long = 300, 900
	o := outcome{peaks: [2]int{largestPool, 0}, enough: [2]float64{long, 0}}
	for offset := 0.0; offset < turnEvery; offset += 20 {
		begin := calm + offset
		w := newSignalWorld(t, b, func(now float64) float64 {
			if now < begin {
				return 0.3
			}
			return load
		}, by)
		w.run(begin, nil)
		require.True(t, w.run(begin+long, func() bool { return load/float64(w.serving()) < 0.8 }), "the pool never carries the load")
		took := w.now - begin
		w.run(begin+long, nil)
		o.peaks = [2]int{min(o.peaks[0], w.peak), max(o.peaks[1], w.peak)}
		o.enough = [2]float64{min(o.enough[0], took), max(o.enough[1], took)}
	}
	return o
}

// What leaving booting members out changes, played by the installed rules in
// Prometheus' engine. The tables stand in the docs, so they have to be true.
func TestLeavingBootingMembersOutGrowsSoonerAndTooFar(t *testing.T) {
	t.Parallel()
	names, files := signals(t)
	needs := map[float64]int{1.2: 2, 2.2: 3} // members, by load
	var mu sync.Mutex
	rows := map[string]string{}
	t.Run("worlds", func(t *testing.T) {
		for load, need := range needs {
			for _, b := range boots() {
				t.Run(fmt.Sprintf("%d members, %s", need, b.name), func(t *testing.T) {
					t.Parallel()
					of := map[string]outcome{}
					cells := []string{fmt.Sprint(need), b.name}
					for _, name := range names {
						of[name] = follow(t, b, files[name], load)
						cells = append(cells, of[name].String())
					}
					all, out := of["all count"], of["left out, 60 s"]
					assert.LessOrEqual(t, out.enough[1], all.enough[1], "enough members sooner")
					assert.GreaterOrEqual(t, out.peaks[1], all.peaks[1], "but more than all counted")
					assert.GreaterOrEqual(t, of["left out, 150 s"].peaks[1], out.peaks[1], "the more the greater the age")
					assert.Equal(t, [2]int{need, need}, of["counted as idle"].peaks, "never more than needed")
					mu.Lock()
					defer mu.Unlock()
					rows[cells[0]+cells[1]] = "| " + strings.Join(cells, " | ") + " |"
				})
			}
		}
	})
	page := string(read(t, "../docs/decisions/boot-aware-average.md"))
	for _, row := range rows {
		assert.True(t, strings.Contains(page, row), "the page has to say: %s", row)
	}
}

func TestBootThatIsBusyAsksForMembersUnlessItIsLeftOut(t *testing.T) {
	t.Parallel()
	slow := boot{"busy, 180 s", 40, 180, 0.95}
	_, files := signals(t)
	for name, want := range map[string]int{"all count": 3, "left out, 60 s": 1, "counted as idle": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newSignalWorld(t, slow, func(float64) float64 { return 0.05 }, files[name])
			w.members[0].created, w.members[0].healthy = 0, false
			w.run(900, nil)
			assert.Equal(t, want, w.peak, "members of a pool without load")
		})
	}
}
