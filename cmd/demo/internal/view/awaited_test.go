package view_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/cmd/demo/internal/view"
)

func TestWhatIsAwaited(t *testing.T) {
	calm := func() view.Snapshot {
		return view.Snapshot{
			Phase: view.PhaseLoadOn, AverageCPU: new(50.0),
			Settings: view.Settings{Min: 1, Max: 3, HighThreshold: 80, LowThreshold: 20},
			Pool:     view.Pool{Wanted: 1, Members: []view.Member{{State: view.MemberHealthy}}},
			Alerts:   view.Alerts{High: view.AlertInactive, Low: view.AlertInactive},
		}
	}
	for name, c := range map[string]struct {
		change func(*view.Snapshot)
		want   string
	}{
		"no member yet": {func(s *view.Snapshot) { s.Phase, s.Pool.Members = view.PhaseStarting, nil }, "the first members to boot"},
		"no figures yet": {func(s *view.Snapshot) {
			s.Phase, s.AverageCPU = view.PhaseStarting, nil
		}, "the first figures of the CPU"},
		"no alerts yet": {func(s *view.Snapshot) {
			s.Phase, s.Alerts.High = view.PhaseStarting, view.AlertUnknown
		}, "the alerts to be evaluated"},
		"ready":           {func(s *view.Snapshot) { s.Phase = view.PhaseReady }, "you to set the load"},
		"load":            {func(*view.Snapshot) {}, "the average CPU to rise above 80 %"},
		"pending":         {func(s *view.Snapshot) { s.Alerts.High = view.AlertPending }, "the alert to fire"},
		"firing":          {func(s *view.Snapshot) { s.Alerts.High = view.AlertFiring }, "the autoscaler's next turn"},
		"a policy":        {func(s *view.Snapshot) { s.Settings.Policy = "follow" }, "the autoscaler's next turn"},
		"at its maximum":  {func(s *view.Snapshot) { s.Pool.Wanted = 3 }, "less load: the pool has its maximum size"},
		"a member boots":  {func(s *view.Snapshot) { s.Pool.Members[0].State = view.MemberBooting }, "a new member to boot"},
		"a member leaves": {func(s *view.Snapshot) { s.Pool.Members[0].State = view.MemberLeaving }, "a member to be removed"},
		"relief":          {func(s *view.Snapshot) { s.Phase = view.PhaseHolding }, "the average CPU to stay below 80 % for a turn"},
		"relief by hand": {func(s *view.Snapshot) {
			s.Phase, s.Settings.Interactive = view.PhaseHolding, true
		}, "you to change the load"},
		"no load": {func(s *view.Snapshot) { s.Phase = view.PhaseLoadOff }, "the average CPU to fall below 20 %"},
		"low fires": {func(s *view.Snapshot) {
			s.Phase, s.Alerts.Low = view.PhaseLoadOff, view.AlertFiring
		}, "the autoscaler's next turn"},
		"done": {func(s *view.Snapshot) { s.Phase = view.PhaseDone }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := calm()
			c.change(&s)
			assert.Equal(t, c.want, view.Awaited(s))
		})
	}
}
