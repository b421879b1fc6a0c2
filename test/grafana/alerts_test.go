package grafana_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

const (
	// From the crossing to the webhook: a minute pending, up to ten seconds
	// until the next evaluation, and as many for the spread of the rules over
	// them: Grafana 10 draws lots, so that two rules rarely wait more than
	// five, but nine sometimes do when all of them are due.
	soonest = 60 * time.Second
	latest  = 80 * time.Second
	// From one webhook to the next, see policies.yaml.
	rhythm    = 50 * time.Second
	repeat    = 45 * time.Second // at the least
	lookEvery = 10 * time.Second // for whether a webhook is due
	// tolerance is for a host that does other things, too.
	tolerance = 1500 * time.Millisecond
	// medium is a CPU use at which nothing happens.
	medium = 0.5
)

func TestLoadOnAllMembersBecomesWebhooks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		use     float64
		crossed func(float64) bool
		path    string
		other   string
	}{
		"high": {0.97, above(80), "/up", "/down"},
		"low":  {0.03, below(20), "/down", "/up"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, medium)
			w.start(t)
			w.load(test.use)
			w.note(t, "CPU use of all members goes from %.0f to %.0f %%", 100*medium, 100*test.use)
			crossed := w.crossing(t, test.crossed)

			last := w.await(t, test.path, 1, latest+tolerance)
			delay := last.at.Sub(crossed)
			w.note(t, "from crossing to webhook: %s", seconds(delay))
			assert.Greater(t, delay, soonest-tolerance)
			assert.Equal(t, http.StatusOK, last.status)
			for n := 2; n <= 4; n++ {
				hook := w.await(t, test.path, n, rhythm+5*time.Second)
				gap := hook.at.Sub(last.at)
				w.note(t, "gap: %.3f s", gap.Seconds())
				assert.InDelta(t, rhythm.Seconds(), gap.Seconds(), tolerance.Seconds())
				last = hook
			}

			w.load(medium)
			w.note(t, "CPU use goes back to %.0f %%", 100*medium)
			w.crossing(t, func(v float64) bool { return !test.crossed(v) })
			// One is due when the alert has not been evaluated again yet.
			w.silence(t, 15*time.Second, 80*time.Second)
			assert.Empty(t, w.hooks.on(test.other))
		})
	}
}
