package test_test

import (
	"math"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/stretchr/testify/require"
)

// read returns the one value that a recorded series has now, NaN for none.
func (w *signalWorld) read(name string) float64 {
	w.t.Helper()
	query, err := w.engine.NewInstantQuery(w.t.Context(), w.db, nil, name, w.at())
	require.NoError(w.t, err)
	defer query.Close()
	vector, err := query.Exec(w.t.Context()).Vector()
	require.NoError(w.t, err)
	return only(vector)
}

func only(vector promql.Vector) float64 {
	if len(vector) != 1 {
		return math.NaN()
	}
	return vector[0].F
}

func (w *signalWorld) at() time.Time { return time.UnixMilli(int64(w.now * 1000)) }

// evaluate records the rules and plays Grafana: an alert is pending for a
// minute, then sends, and again and again while it lasts.
func (w *signalWorld) evaluate() {
	w.t.Helper()
	for _, group := range w.groups {
		group.Eval(w.t.Context(), w.at())
	}
	least, most := w.read("exopool:cpu_at_least:percent"), w.read("exopool:cpu_at_most:percent")
	require.Equal(w.t, math.IsNaN(least), math.IsNaN(most), "both bounds are known, or none")
	require.False(w.t, least > most, "at least %v and at most %v", least, most)
	w.alert("up", least > w.read("exopool:cpu_high:percent"))
	w.alert("down", most < w.read("exopool:cpu_low:percent"))
}

func (w *signalWorld) alert(direction string, holds bool) {
	since, known := w.pending[direction]
	switch {
	case !holds:
		delete(w.pending, direction)
		delete(w.lastSent, direction)
		return
	case !known:
		w.pending[direction], since = w.now, w.now
	}
	if w.now-since < pendingFor {
		return
	}
	if last, sent := w.lastSent[direction]; !sent || w.now-last >= repeatEvery {
		w.lastSent[direction] = w.now
		w.demand[direction] = true
	}
}

// turn plays the autoscaler: one step for any number of webhooks, up wins.
func (w *signalWorld) turn() {
	switch {
	case w.demand["up"] && len(w.members) < largestPool:
		w.create()
	case w.demand["up"]:
	case w.demand["down"] && len(w.members) > 1:
		w.members = w.members[1:] // the oldest goes
	}
	clear(w.demand)
}
