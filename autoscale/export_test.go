package autoscale

// What a policy sees and wants, for tests.
type (
	Observation = observation
	Target      = target
)

// Decide asks the policy of a loop.
func Decide(step, low, high int, o Observation) Target { return newPolicy(step, low, high).decide(o) }
