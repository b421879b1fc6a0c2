package fake_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/fake"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestClockStandsStillUntilAdvanced(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(noon)
	assert.Equal(t, noon, clock.Now())
	clock.Advance(time.Minute)
	assert.Equal(t, noon.Add(time.Minute), clock.Now())
}

func TestAdvanceEndsWaits(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(noon)
	short, long := clock.After(time.Minute), clock.After(time.Hour)
	clock.Advance(time.Minute)
	assert.Equal(t, noon.Add(time.Minute), <-short)
	assert.Empty(t, long)
	clock.Advance(59 * time.Minute)
	assert.Equal(t, noon.Add(time.Hour), <-long)
}

func TestAfterNothingDeliversAtOnce(t *testing.T) {
	t.Parallel()
	assert.Equal(t, noon, <-fake.NewClock(noon).After(0))
}

func TestSetWakesNoGoroutine(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(noon)
	wake := clock.After(time.Minute)
	clock.Set(noon.Add(time.Hour))
	assert.Empty(t, wake)
	clock.Set(noon.Add(-time.Hour))
	clock.Advance(time.Minute)
	assert.Equal(t, noon.Add(-59*time.Minute), <-wake, "waited a minute, whatever the clock showed")
}

func TestAwaitSleepersReturnsOnceTheyWait(t *testing.T) {
	t.Parallel()
	clock := fake.NewClock(noon)
	var woken sync.WaitGroup
	for range 10 {
		woken.Go(func() { <-clock.After(time.Second) })
	}
	clock.AwaitSleepers(10)
	clock.Advance(time.Second)
	woken.Wait()
}
