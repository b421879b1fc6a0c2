package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrForeignState means that a state does not look like the current one of the
// installation. Resources that it does not list may then well be in use.
var ErrForeignState = errors.New("the state does not look like the current one of this installation")

// checkState returns an error if the state does not seem to be about the
// resources in the account. Without a state there is nothing to check.
func (s *Sweeper) checkState(all, left []Resource) error {
	switch {
	case len(left) == 0 || len(s.State.files) == 0:
		return nil
	case s.State.Managed() == 0:
		return fmt.Errorf("%w: it lists no resource of this cloud, as after a destroy, in another workspace, if Terraform was killed early, "+
			"or if the state is kept elsewhere (then give the output of \"terraform state pull\")", ErrForeignState)
	}
	if zones := s.State.zones(); s.Zone != "" && len(zones) > 0 && !slices.Contains(zones, s.Zone) {
		return fmt.Errorf("%w: it is of zone %s, and this is %s: choose that zone", ErrForeignState, zones[0], s.Zone)
	}
	listed := make(map[string]bool, len(all))
	var other *Resource
	ours := false
	for i, t := range all {
		listed[t.Kind.String()+" "+strings.ToLower(t.ID)] = true
		switch {
		case t.Kind == SSHKey: // its id is its name, the same in every installation of this name
		case !s.State.Has(t):
		case s.named(t):
			ours = true
		default:
			other = &all[i]
		}
	}
	switch {
	case ours:
		return s.checkAge(listed, left)
	case other != nil:
		return fmt.Errorf("%w: it lists %s, but nothing with a name of the installation %s: give the state of this installation, or the name of the other",
			ErrForeignState, other, s.Name)
	}
	return fmt.Errorf("%w: none of the %d resources that it lists is in this account: it may be of another account, zone or installation, or out of date",
		ErrForeignState, s.State.Managed())
}

// checkAge returns an error if a resource was replaced after the state was
// written: the state then lists it with an id that no longer exists.
func (s *Sweeper) checkAge(listed map[string]bool, left []Resource) error {
	for _, t := range left {
		for _, m := range s.State.managed {
			if m.kind == t.Kind && m.name == t.Name && !listed[m.kind.String()+" "+m.id] {
				return fmt.Errorf("%w: it lists %s with an id that no longer exists: the state is out of date", ErrForeignState, t)
			}
		}
	}
	return nil
}

// named reports whether the resource, or the one that it is a part of, has a
// name that the module gives in this installation.
func (s *Sweeper) named(t Resource) bool {
	switch t.Kind {
	case LoadBalancerService:
		return s.owns(LoadBalancer, t.ParentName)
	case SecurityGroupRule:
		return s.owns(SecurityGroup, t.ParentName)
	default:
		return s.owns(t.Kind, t.Name)
	}
}

// zones returns the zones of the managed resources, each once.
func (s *State) zones() []string {
	var zones []string
	for _, m := range s.managed {
		if m.zone != "" && !slices.Contains(zones, m.zone) {
			zones = append(zones, m.zone)
		}
	}
	return zones
}
