package view

// A Kind says what an [Event] is about.
type Kind string

// The kinds of events.
const (
	KindWebhook  Kind = "webhook"
	KindDecision Kind = "decision"
	KindMember   Kind = "member"
	KindLoad     Kind = "load"
	KindAlert    Kind = "alert"
	KindError    Kind = "error"
	KindNote     Kind = "note"
)

// A Severity says how much an [Event] should stand out.
type Severity string

// The severities.
const (
	Info    Severity = "info" // also the meaning of an empty one
	Good    Severity = "good"
	Warning Severity = "warning"
	Bad     Severity = "bad"
)

// A Direction is the one in which an [Event] scales the pool.
type Direction string

// The directions; most events have none.
const (
	Up   Direction = "up"
	Down Direction = "down"
)

// An Event is something that happened at one moment.
type Event struct {
	ID        uint64    `json:"id"`      // given by the hub, ascending
	Seconds   float64   `json:"seconds"` // since the start
	Kind      Kind      `json:"kind"`
	Text      string    `json:"text"`             // one line
	Reason    string    `json:"reason,omitempty"` // why; every decision has one
	Direction Direction `json:"direction,omitempty"`
	Severity  Severity  `json:"severity"`
}
