package autoscale

// What a policy sees and wants, for tests.
type (
	Observation    = observation
	ObservedMember = observedMember
	Target         = target
	Condition      = condition
)

// The conditions of members, for tests.
const (
	Serving      = serving
	Starting     = starting
	UnhealthyNow = unhealthy
	FailedMember = failed
	Leaving      = leaving
)

// Decide asks the policy of a loop.
func Decide(step, low, high int, o Observation) Target {
	return newPolicy(step, low, high, NewestFirst).decide(o)
}
