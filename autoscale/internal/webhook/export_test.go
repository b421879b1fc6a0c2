package webhook

// A Field is one line of the tables of senders, for tests.
type Field struct {
	Sender                             string
	Paths, Firing, Resolved, Unrelated []string
}

// Fields returns the tables, in their order.
func Fields() []Field {
	var all []Field
	for _, s := range senders {
		for _, f := range s.fields {
			all = append(all, Field{s.name, f.paths, f.firing, f.resolved, f.unrelated})
		}
	}
	return all
}

// The tables that hold for all senders.
var (
	NameFields      = nameFields
	UnrelatedNames  = unrelatedNames
	OwnNames        = ownNames
	DirectionFields = directionFields
	DirectionPlaces = directionPlaces
	DirectionWords  = directionWords
)
