package test_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/terraform/templates"
)

// rounds is how many samples, five seconds apart, the series of these tests have:
// a quarter of an hour.
const rounds = 180

// A span is a number of rounds in which a member spends its CPU time like this, in
// percent by mode; the rest is idle. A member of which nothing is scraped has none.
type span struct {
	rounds int
	modes  map[string]float64
	silent bool
}

func busy(rounds int, percent float64) span {
	return span{rounds: rounds, modes: map[string]float64{"user": percent}}
}

func silent(rounds int) span { return span{rounds: rounds, silent: true} }

// member returns the series of a target that lives through these spans.
func member(instance string, spans ...span) []promSeries {
	values := map[string]string{"idle": ""}
	for _, s := range spans {
		for mode := range s.modes {
			values[mode] = ""
		}
	}
	up := ""
	spent := map[string]float64{}
	for _, s := range spans {
		if s.silent {
			up += fmt.Sprintf("0x%d ", s.rounds-1)
			for mode := range values {
				values[mode] += fmt.Sprintf("stale _x%d ", s.rounds-1)
			}
			continue
		}
		up += fmt.Sprintf("1x%d ", s.rounds-1)
		idle := 100.0
		for _, percent := range s.modes {
			idle -= percent
		}
		for mode := range values {
			each := s.modes[mode] * 0.05 // seconds of five
			if mode == "idle" {
				each = idle * 0.05
			}
			values[mode] += fmt.Sprintf("%g+%gx%d ", spent[mode], each, s.rounds-1)
			spent[mode] += each * float64(s.rounds)
		}
	}
	series := []promSeries{upOf(instance, up)}
	for _, mode := range slices.Sorted(maps.Keys(values)) {
		series = append(series, modeOf(instance, mode, values[mode]))
	}
	return series
}

// Members of the pools in these tests.
const (
	one   = "192.0.2.1:9100"
	two   = "192.0.2.2:9100"
	three = "192.0.2.3:9100"
)

// fresh is health that is read all the time.
var fresh = healthRead(fmt.Sprintf("0+5x%d", rounds))

func health(instance, values string) promSeries { return healthyOf(instance, "id-"+instance, values) }

// A load is what the rules make of a pool: the CPU use at least and at most, at a
// time, in percent.
type load struct {
	at          string
	least, most float64
}

// Alerts that may have fired within the quarter of an hour.
const (
	high = "CPU high"
	low  = "CPU low"
)

// Which members count, and for what. The first cases are those that made a pool
// shrink, or never grow, because of a member that does not work.
func TestSignalCountsMembersThatWork(t *testing.T) {
	t.Parallel()
	for name, world := range map[string]struct {
		series [][]promSeries
		loads  []load
		fired  []string
	}{
		"a dead member does not make the load of the other low": {
			[][]promSeries{
				member(one, busy(rounds, 35)),
				{health(one, "1x180")},
				member(two, busy(60, 35), busy(120, 0)),
				{health(two, "1x60 0x120")},
				{fresh},
			},
			[]load{{"4m55s", 35, 35}, {"14m", 35, 35}},
			nil,
		},
		"a dead member does not hide that the other has too much to do": {
			[][]promSeries{
				member(one, busy(rounds, 100)),
				{health(one, "1x180")},
				member(two, busy(60, 100), busy(120, 0)),
				{health(two, "1x60 0x120")},
				{fresh},
			},
			[]load{{"14m", 100, 100}},
			[]string{high},
		},
		"a busy member that stops answering does not leave the average to an idle one": {
			[][]promSeries{member(one, busy(60, 100), silent(120)), member(two, busy(rounds, 4))},
			[]load{{"4m55s", 52, 52}, {"14m", 2, 52}},
			nil,
		},
		"nor does one that the balancer still finds healthy": {
			[][]promSeries{
				member(one, busy(60, 100), silent(120)),
				{health(one, "1x180")},
				member(two, busy(rounds, 4)),
				{health(two, "1x180")},
				{fresh},
			},
			[]load{{"14m", 2, 52}},
			nil,
		},
		"a silent member asks for no more members, whatever the other does": {
			[][]promSeries{member(one, silent(rounds)), member(two, busy(60, 20), busy(120, 100))},
			[]load{{"14m", 50, 100}},
			nil,
		},
		"many busy members outweigh a silent one": {
			[][]promSeries{
				member(one, silent(rounds)), member(two, busy(rounds, 100)), member(three, busy(rounds, 100)),
				member("192.0.2.4:9100", busy(rounds, 100)), member("192.0.2.5:9100", busy(rounds, 100)), member("192.0.2.6:9100", busy(rounds, 100)),
			},
			[]load{{"14m", 83, 100}},
			[]string{high},
		},
		"many idle members do not outweigh a silent one below the limit": {
			[][]promSeries{member(one, silent(rounds)), member(two, busy(rounds, 1)), member(three, busy(rounds, 1))},
			[]load{{"14m", 1, 34}},
			nil,
		},
		"a silent member that is not healthy either does not count": {
			[][]promSeries{
				member(one, busy(60, 50), silent(120)),
				{health(one, "1x60 0x120")},
				member(two, busy(rounds, 50)),
				{health(two, "1x180")},
				{fresh},
			},
			[]load{{"14m", 50, 50}},
			nil,
		},
		"without a measured member nothing is known": {
			[][]promSeries{member(one, silent(rounds)), member(two, silent(rounds)), {health(one, "1x180"), health(two, "1x180"), fresh}},
			nil, nil,
		},
		"when none is healthy the pool never shrinks": {
			[][]promSeries{
				member(one, busy(rounds, 5)),
				{health(one, "1x60 0x120")},
				member(two, busy(rounds, 5)),
				{health(two, "1x60 0x120")},
				{fresh},
			},
			// Before that both were healthy, for long enough to fire.
			[]load{{"4m55s", 5, 5}, {"5m5s", 5, 100}, {"14m", 5, 100}},
			[]string{low},
		},
		"when none is healthy because of too much load, the pool grows": {
			[][]promSeries{
				member(one, busy(60, 50), busy(120, 100)),
				{health(one, "1x60 0x120")},
				member(two, busy(60, 50), busy(120, 100)),
				{health(two, "1x60 0x120")},
				{fresh},
			},
			[]load{{"14m", 100, 100}},
			[]string{high},
		},
		"health that is old removes nobody": {
			[][]promSeries{
				member(one, busy(rounds, 100)),
				{health(one, "1x180")},
				member(two, busy(rounds, 50)),
				{health(two, "1x60 0x120")},
				{healthRead("0+5x70 355x110")},
			},
			// Two minutes after the last success at 5m55s.
			[]load{{"7m55s", 100, 100}, {"8m", 75, 75}, {"14m", 75, 75}},
			[]string{high},
		},
		"health of unknown age removes nobody": {
			[][]promSeries{
				member(one, busy(rounds, 50)),
				{health(one, "1x180")},
				member(two, busy(rounds, 90)),
				{health(two, "1x60 0x120")},
			},
			[]load{{"14m", 70, 70}},
			nil,
		},
		"when discovery is gone, nobody is removed": {
			[][]promSeries{
				member(one, busy(rounds, 50)),
				{health(one, "1x100 stale")},
				member(two, busy(rounds, 70)),
				{health(two, "1x60 0x40 stale")},
				{healthRead("0+5x100 stale")},
			},
			[]load{{"8m", 50, 50}, {"9m", 60, 60}},
			nil,
		},
		"a member that boots counts when it is measured, but not for shrinking": {
			[][]promSeries{
				member(one, busy(rounds, 35)),
				{health(one, "1x180")},
				member(two, silent(20), busy(160, 0)),
				{health(two, "0x50 1x130")},
				{fresh},
			},
			// Healthy from 4m15s on.
			[]load{{"1m30s", 35, 35}, {"3m", 18, 35}, {"4m5s", 18, 35}, {"4m20s", 18, 18}},
			[]string{low},
		},
		"a busy boot is no reason to shrink, and asks for members until it is left out": {
			[][]promSeries{
				member(one, busy(rounds, 10)),
				{health(one, "1x180")},
				member(two, busy(rounds, 95)),
				{health(two, "0x180")},
				{fresh},
			},
			[]load{{"4m", 53, 53}, {"14m", 10, 10}},
			[]string{low},
		},
		"a pool that grows because of busy boots does not shrink": {
			[][]promSeries{
				member(one, busy(50, 10)),
				{health(one, "1x50")},
				member(two, busy(50, 100)),
				member(three, busy(50, 100)),
				member("192.0.2.4:9100", busy(50, 100)),
				member("192.0.2.5:9100", busy(50, 100)),
				member("192.0.2.6:9100", busy(50, 100)),
				{health(two, "0x50"), health(three, "0x50"), health("192.0.2.4:9100", "0x50")},
				{health("192.0.2.5:9100", "0x50"), health("192.0.2.6:9100", "0x50"), fresh},
			},
			[]load{{"4m", 85, 85}},
			[]string{high},
		},
		"a member that never becomes healthy is no capacity after five minutes": {
			[][]promSeries{
				member(one, busy(rounds, 100)),
				{health(one, "1x180")},
				member(two, busy(rounds, 0)),
				{health(two, "_x24 0x156")},
				{fresh},
			},
			// Discovered at 2m.
			[]load{{"6m55s", 50, 100}, {"7m", 100, 100}, {"14m", 100, 100}},
			[]string{high},
		},
		"a pool whose members all boot keeps its size": {
			[][]promSeries{member(one, busy(50, 5)), {health(one, "0x50")}, {fresh}},
			[]load{{"4m", 5, 100}},
			nil,
		},
		"a new target has a minute until it is silent": {
			[][]promSeries{member(one, busy(rounds, 60)), {upOf(two, "_x60 0x120")}},
			[]load{{"5m55s", 60, 60}, {"6m", 30, 80}},
			nil,
		},
		"a member that is no target any more has no load": {
			[][]promSeries{member(one, busy(rounds, 70)), {
				upOf(two, "1x60 stale"), modeOf(two, "user", "0+5x60 stale"), modeOf(two, "idle", "0x60 stale"),
			}},
			[]load{{"5m", 85, 85}, {"5m5s", 70, 70}},
			[]string{high},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runRules(t, templates.Counting{Steal: true}, slices.Concat(world.series...), checksOf(world.loads, world.fired))
		})
	}
}

// checksOf expects these loads, none at the end if there are none, and these
// alerts and no other at any time.
func checksOf(loads []load, fired []string) []promCheck {
	var checks []promCheck
	for _, l := range loads {
		checks = append(checks, percentAt(l.at, "exopool:cpu_at_least:percent", l.least), percentAt(l.at, "exopool:cpu_at_most:percent", l.most))
	}
	if len(loads) == 0 {
		checks = append(checks, noAverageAt("2m"), noAverageAt("14m"))
	}
	check := promCheck{Expr: `group by (alertname) (last_over_time(ALERTS{alertstate="firing"}[15m]))`, At: "15m"}
	for _, name := range fired {
		check.Samples = append(check.Samples, promSample{fmt.Sprintf("{alertname=%q}", name), 1})
	}
	return append(checks, check)
}

func TestSignalCountsModesAsItIsSet(t *testing.T) {
	t.Parallel()
	slowDisk := span{rounds: rounds, modes: map[string]float64{"iowait": 90, "user": 5}}
	robbed := span{rounds: rounds, modes: map[string]float64{"steal": 60, "user": 35}}
	for name, world := range map[string]struct {
		counting templates.Counting
		span     span
		percent  float64
		fired    []string
	}{
		"waiting for a disk is no use of the CPU":   {templates.Counting{Steal: true}, slowDisk, 5, []string{low}},
		"waiting for a disk is use if it is set":    {templates.Counting{Steal: true, IOWait: true}, slowDisk, 95, []string{high}},
		"what others took is use":                   {templates.Counting{Steal: true}, robbed, 95, []string{high}},
		"what others took is not use if it is set":  {templates.Counting{}, robbed, 35, nil},
		"all other modes count":                     {templates.Counting{}, span{rounds: rounds, modes: map[string]float64{"user": 10, "nice": 10, "system": 10, "irq": 10, "softirq": 10}}, 50, nil},
		"without a mode that counts a load is none": {templates.Counting{Steal: true}, span{rounds: rounds, modes: map[string]float64{"iowait": 100, "user": 0}}, 0, []string{low}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			graph := 0.0
			for _, percent := range world.span.modes {
				graph += percent
			}
			checks := append(checksOf([]load{{"14m", world.percent, world.percent}}, world.fired),
				promCheck{"round(exopool:member_cpu:percent)", "14m", []promSample{{fmt.Sprintf("{instance=%q}", one), graph}}})
			runRules(t, world.counting, member(one, world.span), checks)
		})
	}
}

// The graph of the members is the query that others use for it, in percent.
func TestGraphOfTheMembersCountsAllModesButIdle(t *testing.T) {
	t.Parallel()
	const query = `clamp( 100 * sum by (instance) (rate(node_cpu_seconds_total{job="pool",mode!="idle"}[1m])) ` +
		`/ sum by (instance) (rate(node_cpu_seconds_total{job="pool"}[1m])), 0, 100) >= 0`
	require.Equal(t, query, recordings(t, []byte(installed(t, "signal.yml")))["exopool:member_cpu:percent"])
}
