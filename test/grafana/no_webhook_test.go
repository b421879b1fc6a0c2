package grafana_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
)

const (
	busy = 0.97
	// fires is how long it takes at most from the start of a world whose
	// members are busy until the first webhook: twenty seconds until there is
	// an average, then as after any crossing.
	fires = 20*time.Second + latest + tolerance
)

// firing returns a world whose members are busy and whose alert fires.
func firing(t *testing.T) (*world, webhook) {
	t.Helper()
	w := newWorld(t, busy)
	w.start(t)
	hook := w.await(t, "/up", 1, fires)
	require.Equal(t, http.StatusOK, hook.status)
	return w, hook
}

func TestRestartOfGrafanaKeepsTheAlertFiring(t *testing.T) {
	w, before := firing(t)

	w.halt()
	w.note(t, "grafana is stopped")
	w.start(t)
	state, err := w.state(t.Context(), "CPU high")
	require.NoError(t, err)
	assert.Equal(t, grafanaserver.Firing, state, "no new minute of waiting")
	after := w.await(t, "/up", 2, rhythm+30*time.Second)
	w.note(t, "gap over the restart: %s", seconds(after.at.Sub(before.at)))
	next := w.await(t, "/up", 3, repeat+lookEvery+2*tolerance)
	gap := next.at.Sub(after.at)
	w.note(t, "gap after it: %.3f s", gap.Seconds())
	// The looks have begun anew, somewhere between two of before.
	assert.Greater(t, gap, repeat)
	assert.Less(t, gap, repeat+lookEvery+tolerance)
}

func TestSilenceOfPrometheusAsksForNothing(t *testing.T) {
	w, _ := firing(t)

	w.api.close()
	w.note(t, "Prometheus does not answer any more")
	w.silence(t, 15*time.Second, 90*time.Second)
	require.Eventually(t, func() bool {
		state, err := w.state(t.Context(), "Program down")
		return assert.NoError(t, err) && state == grafanaserver.Firing
	}, 2*time.Minute, poll, "the operator is alerted")
	w.note(t, "the alert Program down fires")

	w.api.open(w.monitor.Handler())
	before := len(w.hooks.on("/up"))
	w.note(t, "Prometheus is back")
	// Grafana still knows the alert, and looks at it every ten seconds only.
	w.await(t, "/up", before+1, latest+lookEvery+tolerance)
}

func TestEmptyPoolAsksForNothing(t *testing.T) {
	w, _ := firing(t)

	w.leave()
	left := time.Now()
	w.note(t, "the last member has gone")
	require.Eventually(t, func() bool {
		_, known, err := w.average(t.Context())
		return assert.NoError(t, err) && !known
	}, 100*time.Second, poll, "the average ends when its samples are a minute old")
	w.note(t, "there is no average any more, after %s", seconds(time.Since(left)))
	w.silence(t, 15*time.Second, 85*time.Second)
}

func TestMissingDataAtTheBeginningAsksForNothing(t *testing.T) {
	members := newFleet(t, 3, busy)
	members.leave()
	w := newWorldOf(t, members)
	w.start(t)

	w.silence(t, 0, 100*time.Second)
	_, known, err := w.average(t.Context())
	require.NoError(t, err)
	assert.False(t, known)
}
