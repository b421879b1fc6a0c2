package autoscale

// What a policy sees and wants, for tests.
type (
	Observation = observation
	Target      = target
)

// Decide asks the policy of a loop.
func Decide(step, low, high int, o Observation) Target { return newPolicy(step, low, high).decide(o) }

// A Saying is one line of the tables of what webhooks say, for tests.
type Saying struct {
	Sender               string
	Paths                []string
	Firing, Ended, Aside []string
}

// Sayings returns the tables, in their order.
func Sayings() []Saying {
	var all []Saying
	for _, s := range senders {
		for _, f := range s.fields {
			all = append(all, Saying{s.name, f.paths, f.firing, f.ended, f.aside})
		}
	}
	return all
}

// The tables that hold for all senders.
var (
	NameFields      = nameFields
	AsideNames      = asideNames
	DirectedNames   = directedNames
	DirectionFields = directionFields
	DirectionPlaces = directionPlaces
	DirectionWords  = directionWords
)
