package view

import "fmt"

// Awaited says what the demo waits for, as the end of a sentence that begins
// with "waiting for"; empty when it waits for nothing.
func Awaited(s Snapshot) string {
	switch s.Phase {
	case PhaseStarting:
		return awaitedAtFirst(s)
	case PhaseReady:
		return "you to set the load"
	case PhaseDone:
		return ""
	default:
	}
	for _, m := range s.Pool.Members {
		switch m.State {
		case MemberLeaving:
			return "a member to be removed"
		case MemberStarting, MemberBooting:
			return "a new member to boot"
		default:
		}
	}
	switch s.Phase {
	case PhaseLoadOn:
		if s.Pool.Wanted >= s.Settings.Max {
			return "less load: the pool has its maximum size"
		}
		return awaitedOf(s, s.Alerts.High, fmt.Sprintf("the average CPU to rise above %.0f %%", s.Settings.HighThreshold))
	case PhaseHolding:
		if s.Settings.Interactive {
			return "you to change the load"
		}
		return fmt.Sprintf("the average CPU to stay below %.0f %% for a turn", s.Settings.HighThreshold)
	default:
		return awaitedOf(s, s.Alerts.Low, fmt.Sprintf("the average CPU to fall below %.0f %%", s.Settings.LowThreshold))
	}
}

func awaitedAtFirst(s Snapshot) string {
	switch {
	case s.Pool.Healthy() < s.Settings.Min:
		return "the first members to boot"
	case s.AverageCPU == nil:
		return "the first figures of the CPU"
	default:
		return "the alerts to be evaluated"
	}
}

// awaitedOf says what it takes until the autoscaler acts on an alert.
func awaitedOf(s Snapshot, alert AlertState, condition string) string {
	switch {
	case s.Settings.Policy != "" || alert == AlertFiring:
		return "the autoscaler's next turn"
	case alert == AlertPending:
		return "the alert to fire"
	default:
		return condition
	}
}
