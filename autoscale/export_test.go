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
	Draining     = draining
)

// Decide asks the policy of a loop.
func Decide(step, low, high int, o Observation) Target {
	return DecideInOrder(NewestFirst, step, low, high, o)
}

// DecideInOrder asks the policy of a loop that evicts in an order.
func DecideInOrder(order EvictionOrder, step, low, high int, o Observation) Target {
	return newPolicy(Config{Step: step, Min: low, Max: high, EvictionOrder: order}).decide(o)
}

// DecideRolling asks the policy of a loop that replaces outdated members.
func DecideRolling(low, high int, o Observation) Target {
	return newPolicy(Config{Step: 1, Min: low, Max: high, EvictionOrder: NewestFirst, RollingChange: true}).decide(o)
}
