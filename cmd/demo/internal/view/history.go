package view

import "time"

const (
	// historyWindow is how far back graphs reach at real speed; a demo that
	// runs twelve times faster shows a twelfth of it.
	historyWindow = 30 * time.Minute
	// maxPoints is how finely the window is divided.
	maxPoints = 900
)

// A Point is what graphs keep of a [Snapshot]. Names are short because a page
// that connects receives hundreds of points.
type Point struct {
	Seconds           float64             `json:"t"`
	AverageCPU        *float64            `json:"cpu"`
	Members           map[string]*float64 `json:"members"` // CPU by name
	Wanted            int                 `json:"wanted"`
	Healthy           int                 `json:"healthy"`
	Load              *float64            `json:"load"`
	Forecast          *float64            `json:"forecast"`
	High              AlertState          `json:"high"`
	Low               AlertState          `json:"low"`
	RequestsPerSecond float64             `json:"rps"`
	P95Milliseconds   float64             `json:"p95"`
}

func pointOf(s Snapshot) Point {
	p := Point{
		Seconds:           s.Seconds,
		AverageCPU:        s.AverageCPU,
		Members:           make(map[string]*float64, len(s.Pool.Members)),
		Wanted:            s.Pool.Wanted,
		Healthy:           s.Pool.Healthy(),
		Load:              s.Pool.Load,
		Forecast:          s.Pool.Forecast,
		High:              s.Alerts.High,
		Low:               s.Alerts.Low,
		RequestsPerSecond: s.Load.RequestsPerSecond,
		P95Milliseconds:   s.Load.P95Milliseconds,
	}
	for _, m := range s.Pool.Members {
		if m.CPU != nil {
			p.Members[m.Name] = m.CPU
		}
	}
	return p
}

// windowOf returns the seconds of history that belong to a speed factor.
func windowOf(speed float64) float64 {
	if !(speed > 0) { // also when it is not a number
		speed = 1
	}
	return historyWindow.Seconds() / speed
}

// A series holds the newest items of an endless sequence. Items are numbered
// from zero and keep their numbers when older ones are dropped.
type series[T any] struct {
	items []T
	first uint64 // number of items[0]
}

// next is the number that the next item will have.
func (s *series[T]) next() uint64 { return s.first + uint64(len(s.items)) }

func (s *series[T]) add(item T) { s.items = append(s.items, item) }

// drop forgets the n oldest items.
func (s *series[T]) drop(n int) {
	clear(s.items[:n])
	s.items = s.items[n:]
	s.first += uint64(n) //nolint:gosec // n is a length, never negative
}

// since copies the items numbered from and above that are still held.
func (s *series[T]) since(from uint64) []T {
	from = max(from, s.first)
	if from >= s.next() {
		return []T{}
	}
	return append([]T{}, s.items[from-s.first:]...)
}
