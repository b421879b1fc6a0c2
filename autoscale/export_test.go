package autoscale

// What a policy sees and wants, for tests.
type (
	Situation      = situation
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
func Decide(step, low, high int, o Situation) Target {
	return DecideInOrder(NewestFirst, step, low, high, o)
}

// DecideInOrder asks the stages of a loop that evicts in an order.
func DecideInOrder(order EvictionOrder, step, low, high int, o Situation) Target {
	o.Min, o.Max = low, high
	return newStages(Config{Step: step, EvictionOrder: order}).decide(o)
}

// DecideRolling asks the stages of a loop that replaces outdated members.
func DecideRolling(low, high int, o Situation) Target {
	o.Min, o.Max = low, high
	return newStages(Config{Step: 1, EvictionOrder: NewestFirst, RollingChange: true}).decide(o)
}

// Meanings returns what each reason means.
func Meanings() map[Reason]string { return meanings() }

// Reasons returns all reasons.
func Reasons() (all []Reason) {
	for _, use := range reasonUses() {
		all = append(all, use.reason)
	}
	return all
}
