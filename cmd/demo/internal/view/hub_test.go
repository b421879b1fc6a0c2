package view_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/cmd/demo/internal/view"
)

func at(seconds float64) view.Snapshot { return view.Snapshot{Seconds: seconds, Speed: 12} }

func TestPublishingNeverWaitsForAReader(t *testing.T) {
	hub := view.NewHub()
	idle := hub.Subscribe()
	defer idle.Close()
	for i := range 10_000 {
		hub.Publish(at(float64(i)))
		hub.Emit(view.Event{Seconds: float64(i)})
	}
	u := idle.Take()
	assert.InDelta(t, 9_999, u.Snapshot.Seconds, 0, "a late reader gets the newest snapshot")
	assert.Equal(t, uint64(9_999), u.Events[len(u.Events)-1].ID)
}

func TestHistoryIsBounded(t *testing.T) {
	hub := view.NewHub()
	for i := range 20_000 {
		hub.Publish(at(float64(i) / 100))
		hub.Emit(view.Event{Seconds: float64(i) / 100})
	}
	u := hub.State()
	assert.LessOrEqual(t, len(u.Points), 900)
	assert.Greater(t, len(u.Points), 700, "most of the window is covered")
	assert.Len(t, u.Events, 500)
	assert.InDelta(t, 150, u.Window, 0, "half an hour at twelve times the speed")
	assert.GreaterOrEqual(t, u.Points[0].Seconds, u.Snapshot.Seconds-u.Window)
}

func TestPointsOutsideTheWindowAreForgotten(t *testing.T) {
	hub := view.NewHub()
	hub.Publish(at(0))
	hub.Publish(at(100))
	hub.Publish(at(1_000))
	u := hub.State()
	require.Len(t, u.Points, 1)
	assert.InDelta(t, 1_000, u.Points[0].Seconds, 0)
}

func TestAReaderSeesEveryEventOnce(t *testing.T) {
	hub := view.NewHub()
	hub.Emit(view.Event{Text: "before"})
	sub := hub.Subscribe()
	defer sub.Close()

	first := sub.Take()
	assert.True(t, first.First)
	require.Len(t, first.Events, 1)
	assert.Equal(t, "before", first.Events[0].Text)
	assert.Equal(t, view.Info, first.Events[0].Severity, "no severity means info")

	assert.Empty(t, sub.Take().Events)
	hub.Emit(view.Event{Text: "after"})
	second := sub.Take()
	assert.False(t, second.First)
	require.Len(t, second.Events, 1)
	assert.Equal(t, "after", second.Events[0].Text)
}

func TestAPublishedSnapshotDoesNotChangeWithItsSource(t *testing.T) {
	hub := view.NewHub()
	s := at(1)
	s.Pool.Members = []view.Member{{Name: "web-1"}}
	hub.Publish(s)
	s.Pool.Members[0].Name = "changed"
	assert.Equal(t, "web-1", hub.State().Snapshot.Pool.Members[0].Name)
}

func TestASpeedThatMakesNoSenseCountsAsRealTime(t *testing.T) {
	hub := view.NewHub()
	hub.Publish(view.Snapshot{Speed: 0})
	assert.InDelta(t, 1_800, hub.State().Window, 0)
}

func TestClosingEndsReadersAfterTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := view.NewHub()
		sub := hub.Subscribe()
		defer sub.Close()
		hub.Emit(view.Event{Text: "last"})
		hub.Close()
		hub.Close()
		<-sub.Done()
		assert.Len(t, sub.Take().Events, 1)
	})
}

func TestManyWritersAndReaders(t *testing.T) {
	hub := view.NewHub()
	var writers, readers sync.WaitGroup
	const each = 100
	counts := make([]int, 4)
	for i := range counts {
		sub := hub.Subscribe()
		readers.Go(func() {
			defer sub.Close()
			for open := true; open; {
				select {
				case <-sub.Changed():
				case <-sub.Done():
					open = false
				}
				counts[i] += len(sub.Take().Events)
			}
		})
	}
	for range 4 {
		writers.Go(func() {
			for j := range each {
				hub.Publish(at(float64(j)))
				hub.Emit(view.Event{Kind: view.KindNote})
			}
		})
	}
	writers.Wait()
	hub.Close()
	readers.Wait()
	for _, n := range counts {
		assert.Equal(t, 4*each, n, "as long as the history holds them, no reader misses an event")
	}
}
