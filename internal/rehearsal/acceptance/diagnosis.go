package acceptance

import "context"

// A Subject is what a line that does not hold is about.
type Subject struct {
	Machines []string // ids of the instances that are concerned
	Port     int      // that was asked; 0: none
	Balancer bool     // it was asked through the load balancer
}

// A Diagnosis is what is known about why a line does not hold.
type Diagnosis struct {
	Cause string // empty: nothing is known
	// Final says that the line cannot hold any more, as the user-data of a
	// machine has ended with an error.
	Final bool
	// Hints say what to do, or where to look.
	Hints []string
}

// diagnose asks for the cause of what is seen of a subject.
func (r *run) diagnose(ctx context.Context, s Subject) Diagnosis {
	if r.Diagnose == nil {
		return Diagnosis{}
	}
	return r.Diagnose(ctx, s)
}
