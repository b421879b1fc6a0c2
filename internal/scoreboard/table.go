package scoreboard

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/exopool/exopool/replay"
)

// table returns the figures as a table in Markdown. The speedup is that over the first
// contender.
func table(results []replay.Result) string {
	var b strings.Builder
	b.WriteString("| trace | policy | cost | θU % | θO % | τU % | τO % | υ % | speedup | changes a day | reversals a day |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|\n")
	var base replay.Result
	for _, result := range results {
		if result.Trace != base.Trace {
			base = result
		}
		f := result.Figures
		fmt.Fprintf(&b, "| %s | %s | %.3f | %.2f | %.1f | %.2f | %.1f | %.1f | %.2f | %.1f | %.1f |\n", result.Trace, result.Contender,
			f.CostRatio, f.UnderAccuracy, f.OverAccuracy, f.UnderTimeshare, f.OverTimeshare, f.Instability,
			f.Speedup(base.Figures), f.ChangesPerDay, f.ReversalsPerDay)
	}
	return b.String()
}

// means returns the means over all traces: the geometric one of cost and speedup, the
// arithmetic one of all else.
func means(results []replay.Result) string {
	type sums struct{ cost, speedup, under, time, changes, reversals, count float64 }
	all, order := map[string]*sums{}, []string{}
	var base replay.Result
	for _, result := range results {
		if result.Trace != base.Trace {
			base = result
		}
		s, f := all[result.Contender], result.Figures
		if s == nil {
			s = &sums{}
			all[result.Contender], order = s, append(order, result.Contender)
		}
		s.cost += math.Log(f.CostRatio)
		s.speedup += math.Log(f.Speedup(base.Figures))
		s.under += f.UnderAccuracy
		s.time += f.UnderTimeshare
		s.changes += f.ChangesPerDay
		s.reversals += f.ReversalsPerDay
		s.count++
	}
	var b strings.Builder
	b.WriteString("| policy, over all of them | cost | θU % | τU % | speedup | changes a day | reversals a day |\n|---|---|---|---|---|---|---|\n")
	for _, name := range order {
		s := all[name]
		fmt.Fprintf(&b, "| %s | %.3f | %.2f | %.2f | %.2f | %.1f | %.1f |\n", name, math.Exp(s.cost/s.count),
			s.under/s.count, s.time/s.count, math.Exp(s.speedup/s.count), s.changes/s.count, s.reversals/s.count)
	}
	return b.String() + "\n"
}

// A Score is what a page says of one contender on one trace.
type Score struct {
	Trace, Contender string
	CostRatio        float64
	UnderAccuracy    float64 // percent
}

// scorePattern matches a row about one trace: the names of contenders begin with a
// letter, which tells these rows from those of means.
var scorePattern = regexp.MustCompile(`(?m)^\| ([^|]+) \| ([a-z][^|]*) \| ([0-9.]+) \| ([0-9.]+) \|.*$`)

// Scores reads what a page says of the traces that come with exopool, and of others.
func Scores(page string) (own, other []Score, err error) {
	if own, err = scores(page, bundled); err != nil {
		return nil, nil, err
	}
	other, err = scores(page, others)
	return own, other, err
}

func scores(page, name string) ([]Score, error) {
	_, section, _ := strings.Cut(page, "<!-- "+name+" -->")
	section, _, _ = strings.Cut(section, "<!-- end of "+name+" -->")
	var list []Score
	for _, row := range scorePattern.FindAllStringSubmatch(section, -1) {
		cost, err := strconv.ParseFloat(row[3], 64)
		if err != nil {
			return nil, err
		}
		under, err := strconv.ParseFloat(row[4], 64)
		if err != nil {
			return nil, err
		}
		list = append(list, Score{Trace: row[1], Contender: row[2], CostRatio: cost, UnderAccuracy: under})
	}
	return list, nil
}
