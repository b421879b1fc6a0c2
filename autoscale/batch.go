package autoscale

import "time"

// A Direction is what a webhook asks for.
type Direction string

// The two directions.
const (
	Up   Direction = "up"
	Down Direction = "down"
)

// A Batch is the webhooks of one direction that wait for the same turn. It is
// a state, "asked for since", not a queue: alerts repeat, so ten webhooks ask
// for no more than one does.
type Batch struct {
	First time.Time `json:"first"` // when the oldest was received
	Last  time.Time `json:"last"`  // when the newest was received
	Count int       `json:"count"` // for information
}

func (b Batch) empty() bool { return b.Count == 0 }

// merged returns the batch that holds the webhooks of both.
func (b Batch) merged(other Batch) Batch {
	switch {
	case b.empty():
		return other
	case other.empty():
		return b
	}
	if other.First.Before(b.First) {
		b.First = other.First
	}
	if other.Last.After(b.Last) {
		b.Last = other.Last
	}
	b.Count += other.Count
	return b
}

// clamped returns the batch with times no later than now. Times lie in the
// future after the clock was set back, and would never expire.
func (b Batch) clamped(now time.Time) Batch {
	if b.Last.After(now) {
		b.Last = now
	}
	if b.First.After(b.Last) {
		b.First = b.Last
	}
	return b
}

// batches holds one batch for each direction.
type batches struct {
	Up   Batch `json:"up,omitzero"`
	Down Batch `json:"down,omitzero"`
}

func (b *batches) of(direction Direction) *Batch {
	if direction == Up {
		return &b.Up
	}
	return &b.Down
}
