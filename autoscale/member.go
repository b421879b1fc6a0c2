package autoscale

import (
	"net/netip"
	"time"
)

// A Member is one machine of a pool, as the provider shows it. What the provider
// does not say is zero.
type Member struct {
	ID      string // never empty, and unique in its pool
	Name    string
	Address netip.Addr // at which the load balancer and Prometheus reach it
	Created time.Time
	State   MemberState
	Health  Health
	// Outdated: a member made now would be another, because the pool has another
	// template, type, disk size or user-data since.
	Outdated bool
	// Protected: it must not be evicted.
	Protected bool
}

// A MemberState is what a member's machine is doing. A member without one is
// known by its id only.
type MemberState string

// The states of a member's machine.
const (
	MemberStarting MemberState = "starting" // not running yet
	MemberRunning  MemberState = "running"
	MemberStopping MemberState = "stopping" // on its way to be off
	MemberFailed   MemberState = "failed"   // it does not run, and will not by itself
	MemberLeaving  MemberState = "leaving"  // it is being removed
)

// Health is what the load balancer's checks say of a member.
type Health string

// The results of health checks.
const (
	HealthUnknown Health = "" // no load balancer checks the pool
	Healthy       Health = "healthy"
	Unhealthy     Health = "unhealthy"
)

// A condition is what a member is worth to the pool. Only a serving member is
// capacity; in every condition it costs money and counts towards the maximum.
type condition string

const (
	serving   condition = "serving"   // it runs, and no health check objects
	starting  condition = "starting"  // it has not served yet, and has time left to
	unhealthy condition = "unhealthy" // it has served, and does not now
	failed    condition = "failed"    // it has not served in time, or its machine has failed
	draining  condition = "draining"  // it finishes its work before it is evicted
	leaving   condition = "leaving"   // it is being removed, or its machine stops
	unknown   condition = "unknown"   // nothing but its id has been known for long
)

// An observedMember is a member as the loop sees it in one turn.
type observedMember struct {
	Member

	Condition condition
	Since     time.Time // when it was created, or else first seen
	Why       string    // it was chosen, if it drains
	Broken    bool      // it has not served for so long that it is to be replaced
	Busy      float64   // CPU use in percent, if it is measured
	Measured  bool
	Lost      bool // it has failed, or not served for as long as a start may take
}

// idle reports whether the member is no capacity, and would be none if its drain
// were ended.
func (m observedMember) idle() bool {
	switch m.Condition {
	case failed, unhealthy, unknown:
		return true
	case draining:
		return m.Why == string(unhealthy)
	default:
		return false
	}
}

// stops reports whether the machine stops, and may yet be off. The size may count the
// member, or not any more.
func (m observedMember) stops() bool { return m.Condition == leaving && m.State == MemberStopping }

// Conditions counts the members of a pool by what they are worth to it.
type Conditions struct {
	Serving   int `json:"serving"`   // they run, and no health check objects: only these are capacity
	Starting  int `json:"starting"`  // they have not served yet, and have time left to
	Unhealthy int `json:"unhealthy"` // they have served, and do not now
	Failed    int `json:"failed"`    // they have not served in time, or their machines have failed
	Draining  int `json:"draining"`  // they finish their work before they are evicted
	Leaving   int `json:"leaving"`   // they are being removed, or their machines stop
	Unknown   int `json:"unknown"`   // nothing but their ids has been known for long
}

func countConditions(members []observedMember) (c Conditions) {
	for _, m := range members {
		switch m.Condition {
		case serving:
			c.Serving++
		case starting:
			c.Starting++
		case unhealthy:
			c.Unhealthy++
		case failed:
			c.Failed++
		case draining:
			c.Draining++
		case leaving:
			c.Leaving++
		case unknown:
			c.Unknown++
		}
	}
	return c
}

// filter returns the members that are to be kept, in a list of its own.
func filter(members []observedMember, keep func(observedMember) bool) []observedMember {
	var kept []observedMember
	for _, m := range members {
		if keep(m) {
			kept = append(kept, m)
		}
	}
	return kept
}

func countOutdated(members []Member) (n int) {
	for _, m := range members {
		if m.Outdated {
			n++
		}
	}
	return n
}
