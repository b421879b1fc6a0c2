package replay

import "time"

// begin is when a replay begins, a Monday at midnight.
func begin() time.Time { return time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC) }

// A virtualClock shows the time of the model.
type virtualClock struct{ now time.Time }

func (c *virtualClock) Now() time.Time { return c.now }

// After delivers at once: nobody waits for what takes no time in the model.
func (*virtualClock) After(time.Duration) <-chan time.Time {
	done := make(chan time.Time, 1)
	done <- time.Time{}
	return done
}
