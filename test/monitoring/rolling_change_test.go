package monitoring_test

import (
	"maps"
	"testing"
)

// changing is what the autoscaler reports of a rolling change that takes place
// from the tenth minute on, with changes to that.
func changing(changes map[string]string) map[string]string {
	series := map[string]string{
		ofAutoscaler("rolling_change_running", ""):          "0x9 1x300",
		ofAutoscaler("rolling_change_halted", ""):           "0x310",
		ofAutoscaler("pool_members_outdated", ""):           "0x9 3x300",
		ofAutoscaler("evictions_total", `,why="unhealthy"`): "0+1x310",
		ofAutoscaler("paused", ""):                          "0x310",
		ofAutoscaler("dry_run", ""):                         "0x310",
	}
	maps.Copy(series, changes)
	return series
}

func TestARollingChangeStandsIfNobodyIsReplacedForAnHour(t *testing.T) {
	t.Parallel()
	outdated, evicted := ofAutoscaler("pool_members_outdated", ""), ofAutoscaler("evictions_total", `,why="outdated"`)
	for name, what := range map[string]struct {
		changes      map[string]string
		quiet, fires []string
	}{
		"from its beginning": {
			nil, []string{"5m", "30m", "69m"}, []string{"72m", "200m"},
		},
		"after it has replaced one": {
			map[string]string{outdated: "0x9 3x19 2x280", evicted: "0x29 1x280"}, []string{"72m", "88m"}, []string{"92m", "200m"},
		},
		"and then goes on": {
			map[string]string{outdated: "0x9 3x89 2x210", evicted: "0x99 1x210"}, []string{"69m", "102m", "150m"}, []string{"72m", "98m", "162m"},
		},
		"not while it replaces members": {
			map[string]string{outdated: "0x9 3x39 2x39 1x39 0x200", ofAutoscaler("rolling_change_running", ""): "0x9 1x119 0x200"},
			[]string{"72m", "100m", "130m", "200m"},
			nil,
		},
		"not if the pool gets other settings meanwhile": {
			map[string]string{outdated: "0x9 3x29 2x29 5x29 4x29 3x29 2x29 1x29 0x100", evicted: "0x39 1x59 2x29 3x29 4x29 5x29 6x100"},
			[]string{"80m", "120m", "125m", "180m"},
			nil,
		},
		"not if members are deleted by hand": {
			map[string]string{outdated: "0x9 3x39 2x39 1x39 1x10"}, []string{"72m", "100m", "130m"}, nil,
		},
		"not during a pause, or in the hour after it": {
			map[string]string{ofAutoscaler("paused", ""): "0x30 1x100 0x179"}, []string{"72m", "120m", "180m"}, []string{"195m"},
		},
		"not because Prometheus knows of no hour before": {
			map[string]string{
				ofAutoscaler("rolling_change_running", ""): "_x9 1x300", outdated: "_x9 3x300",
				ofAutoscaler("paused", ""): "_x9 0x300", ofAutoscaler("dry_run", ""): "_x9 0x300",
			},
			[]string{"12m", "30m", "67m"},
			[]string{"72m"},
		},
		"not because of another one, an hour ago": {
			map[string]string{ofAutoscaler("rolling_change_running", ""): "0x9 1x19 0x39 1x200", outdated: "0x9 1x19 0x39 3x200"},
			[]string{"75m", "85m", "125m"},
			[]string{"135m"},
		},
		"not in a dry run": {
			map[string]string{ofAutoscaler("dry_run", ""): "1x310"}, []string{"72m", "200m"}, nil,
		},
		"not without a rolling change": {
			map[string]string{ofAutoscaler("rolling_change_running", ""): "0x310"}, []string{"72m", "200m"}, nil,
		},
		"at once if it is halted, also during a pause": {
			map[string]string{
				ofAutoscaler("rolling_change_running", ""): "0x9 1x10 0x280", ofAutoscaler("rolling_change_halted", ""): "0x19 1x60 0x200",
				ofAutoscaler("paused", ""): "1x310",
			},
			[]string{"18m", "82m"},
			[]string{"21m", "78m"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireAlert(t, "Rolling change stands", incident{changing(what.changes), what.quiet, what.fires})
		})
	}
}
