package acceptance

import (
	"context"
	"slices"
	"strings"
	"time"
)

// A Subject is what a line that does not hold is about.
type Subject struct {
	Machines []string // ids of the instances that are concerned
	Port     int      // that was asked; 0: none
	Balancer bool     // it was asked through the load balancer
	Growth   bool     // the pool has to become bigger by itself
}

// A Diagnosis is what is known about why a line does not hold.
type Diagnosis struct {
	Cause string // empty: nothing is known
	// Final says that the line cannot hold any more, such as when the user-data
	// of a machine has ended with an error.
	Final bool
	// Hints say what to do, or where to look.
	Hints []string
}

const (
	// diagnosisInterval is the time from one diagnosis to the next one.
	diagnosisInterval = 5 * time.Second
	// finalGrace is how long a line may still come to hold after its machines
	// were found broken: what was started before the failure may yet answer.
	finalGrace = 30 * time.Second
)

// A prognosis finds out, while a line is waited for, that it cannot hold any
// more. Machines that are replaced get their chance again.
type prognosis struct {
	run   *run
	about func() Subject

	asked    time.Time
	machines []string
	final    time.Time // since when it is final; zero: it is not
}

// hopeless reports whether the line cannot hold any more.
func (p *prognosis) hopeless(ctx context.Context) bool {
	now := time.Now()
	if p.about == nil || now.Sub(p.asked) < p.run.scaled(diagnosisInterval) {
		return false
	}
	p.asked = now
	about := p.about()
	if !slices.Equal(about.Machines, p.machines) {
		p.machines, p.final = about.Machines, time.Time{}
	}
	switch final := p.run.Diagnose(ctx, about).Final; {
	case !final:
		p.final = time.Time{}
	case p.final.IsZero():
		p.final = now
	}
	return !p.final.IsZero() && now.Sub(p.final) >= p.run.scaled(finalGrace)
}

// explainFailure adds what is known about the cause.
func (r *run) explainFailure(ctx context.Context, c check, result *Result) {
	if c.about == nil {
		return
	}
	d := r.Diagnose(ctx, c.about())
	if d.Cause != "" && !strings.Contains(result.Note, d.Cause) {
		result.Note += ": " + d.Cause
	}
	result.Hints = append(result.Hints, d.Hints...)
}

// aboutMembers is the subject of lines about the members behind the load
// balancer.
func (r *run) aboutMembers() Subject {
	return Subject{Machines: ids(r.members()), Balancer: true, Port: r.service().Healthcheck.Port}
}

// aboutPrometheus is the subject of lines about Prometheus alone.
func (r *run) aboutPrometheus() Subject {
	return Subject{Machines: ids(r.outside()), Port: prometheusPort}
}

// aboutAll is the subject of lines that need all machines.
func (r *run) aboutAll() Subject {
	return Subject{Machines: ids(slices.Concat(r.outside(), r.members()))}
}

// aboutGrowth is the subject of lines about what makes the pool bigger.
func (r *run) aboutGrowth() Subject {
	about := r.aboutAll()
	about.Growth = true
	return about
}
