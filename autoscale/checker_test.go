package autoscale_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/fake"
)

// A checkerRun is sprint 3 of the course's checker: it sends webhooks to a
// container, while the autoscaler of the installation gets those of CPU low.
type checkerRun struct {
	*testing.T
	running              sync.WaitGroup
	pool                 *fake.Pool
	container, installed *autoscale.Loop
}

// start starts both autoscalers, the container's first turn after a phase. The
// installed one may drain.
func (c *checkerRun) start(members, phase time.Duration, drainer autoscale.Drainer) {
	c.pool = fake.NewPool("web", 1, nil)
	c.pool.TakeTime(members)
	run := func(after time.Duration, drainer autoscale.Drainer) *autoscale.Loop {
		loop, err := autoscale.New(autoscale.Config{Pool: c.pool, PoolName: "web", Max: 5, Drainer: drainer})
		require.NoError(c, err)
		c.running.Go(func() {
			if c.wait(after) {
				assert.NoError(c, loop.Run(c.Context()))
			}
		})
		return loop
	}
	c.installed, c.container = run(0, drainer), run(phase, nil)
	c.running.Go(func() {
		for c.wait(50 * time.Second) { // as Grafana repeats it
			c.installed.Record(c.Context(), down)
		}
	})
	c.Cleanup(c.running.Wait)
}

// wait reports whether the run still goes on after d.
func (c *checkerRun) wait(d time.Duration) bool {
	select {
	case <-c.Context().Done():
		return false
	case <-time.After(d):
		return true
	}
}

// present reports whether the checker sees so many members within its 15
// minutes, in which it looks every ten seconds.
func (c *checkerRun) present(members int) bool {
	for range 91 {
		status, err := c.pool.Status(c.Context())
		require.NoError(c, err)
		running := status.Size
		if status.State == "scaling-up" {
			running--
		}
		if running == members {
			return true
		}
		time.Sleep(10 * time.Second)
	}
	return false
}

// quickDrainer drains members whose clients have all gone: the shortest drain.
type quickDrainer struct{}

func (quickDrainer) Drain(context.Context, string) (int, error) { return 0, nil }
func (quickDrainer) Stop(context.Context, string) (int, error)  { return 0, nil }
func (quickDrainer) Resume(context.Context, string) error       { return nil }
func (quickDrainer) Lease() time.Duration                       { return time.Minute }

// TestCheckerBesideTheInstalledAutoscaler holds the page on handing in to its
// figures, for all phases of the two autoscalers' turns.
func TestCheckerBesideTheInstalledAutoscaler(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		drainer autoscale.Drainer
		missed  float64
	}{{"drains", quickDrainer{}, 0}, {"does not drain", nil, 0.08}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			runs, missed := 0, 0
			for _, members := range []time.Duration{15 * time.Second, 45 * time.Second, 90 * time.Second} {
				for phase := time.Duration(0); phase < time.Minute; phase += time.Second {
					for moment := time.Second; moment < 10*time.Second; moment += 2 * time.Second {
						runs++
						synctest.Test(t, func(t *testing.T) {
							c := checkerRun{T: t}
							c.start(members, phase, test.drainer)
							time.Sleep(2*time.Minute + moment)
							if !c.play(fmt.Sprint("members take ", members, ", phase ", phase, ", begins at ", moment)) {
								missed++
							}
						})
					}
				}
			}
			t.Logf("%d of %d runs missed the second member", missed, runs)
			assert.InDelta(t, test.missed, float64(missed)/float64(runs), test.missed/4)
		})
	}
}

// play sends the checker's webhooks, and reports whether it sees the second member.
func (c *checkerRun) play(what string) (two bool) {
	c.container.Record(c.Context(), up)
	two = c.present(2)
	c.container.Record(c.Context(), down)
	assert.True(c, c.present(1), what)
	c.container.Record(c.Context(), down)
	time.Sleep(3 * time.Minute)
	assert.True(c, c.present(1), what)
	for _, loop := range []*autoscale.Loop{c.container, c.installed} {
		for _, d := range loop.Decisions() {
			assert.NotEqual(c, autoscale.ReasonContended, d.Reason, what)
		}
	}
	return two
}
