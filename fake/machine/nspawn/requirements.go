package nspawn

import (
	"errors"
	"fmt"
)

// A Requirement is something that the host must have.
type Requirement struct {
	Name string
	// Problem is empty when the requirement is met.
	Problem string
	// Remedy says how to meet it.
	Remedy string
}

// OK reports whether the requirement is met.
func (r Requirement) OK() bool { return r.Problem == "" }

// unmet is nil when all requirements are met.
func unmet(list []Requirement) error {
	var errs []error
	for _, r := range list {
		if !r.OK() {
			errs = append(errs, fmt.Errorf("%s: %s (%s)", r.Name, r.Problem, r.Remedy))
		}
	}
	return errors.Join(errs...)
}
