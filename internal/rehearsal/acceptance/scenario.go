package acceptance

import (
	"context"
	"slices"
)

// A scenario is a sequence of lines that the course's checker goes through. Each
// begins with an apply, and lines depend on lines of their own scenario only.
type scenario struct {
	sprint   int // 0: of no sprint
	name     string
	optional bool
	// skip returns why none of the lines can be checked; nil: always "".
	skip   func() string
	checks []check
	// end is called after the last line, whatever became of it; it may be nil.
	end func(ctx context.Context)
}

// A check finds out whether a line holds.
type check struct {
	Line

	after   []string       // lines that this one depends on
	about   func() Subject // nil: nothing that could be diagnosed
	standIn string         // what a stand-in for a real machine does itself
	cleanup bool           // is done after an interrupt, too
	// do returns what was seen.
	do func(ctx context.Context, c check) (note string, err error)
}

// The names of the scenarios.
const (
	nameResources  = "resources"
	nameScaling    = "scaling"
	nameDiscovery  = "discovery"
	nameBlocks     = "blocks"
	nameKilling    = "killing"
	nameAutoscaler = "autoscaler"
	nameLoad       = "load"
	nameBeyond     = "beyond the checker"
	nameRemoving   = "removing"
)

// scenarios returns all scenarios in the order in which they are played. The
// removal is the last one, not the third, so that one installation is enough.
func (r *run) scenarios() []scenario {
	return []scenario{
		r.resources(), r.scaling(),
		r.discovery(), r.blocks(), r.killing(),
		r.autoscaler(), r.underLoad(), r.beyond(),
		r.removing(),
	}
}

// Lines returns all lines in the order in which they are checked.
func Lines() []Line {
	var lines []Line
	for _, s := range new(run).scenarios() {
		for _, c := range s.checks {
			c.Sprint, c.Scenario, c.Optional = s.sprint, s.name, s.optional
			lines = append(lines, c.Line)
		}
	}
	return lines
}

// wanted reports whether a scenario is to be played.
func (r *run) wanted(s scenario) bool {
	if s.name == nameBeyond {
		return r.Beyond && r.wanted(scenario{sprint: lastSprint})
	}
	return len(r.Sprints) == 0 || slices.Contains(r.Sprints, s.sprint)
}

// noMonitoring returns why sprints 2 and 3 do not apply, if they do not. Where
// they were asked for, they do.
func (r *run) noMonitoring() string {
	switch {
	case len(r.Sprints) > 0 || len(r.outside()) > 0:
		return ""
	case !r.applied:
		return "skipped: no apply has succeeded"
	}
	return "not a part of this installation: there is no instance outside the pool"
}
