package sweep

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrForeignState says that a state does not look like the present one of the
// installation. What it does not list may then well be in use.
var ErrForeignState = errors.New("the state does not look like the present one of this installation")

// checkState returns why a state may be another one than that which the things in the
// account belong to; nil: it is theirs, or none was read.
func (s *Sweeper) checkState(all, left []Thing) error {
	switch {
	case len(left) == 0 || len(s.Known.states) == 0:
		return nil
	case s.Known.Managed() == 0:
		return fmt.Errorf("%w: it lists nothing of Exoscale, as after a destroy, in another workspace, when Terraform was killed early, "+
			"or where the state is kept elsewhere (then give the output of \"terraform state pull\")", ErrForeignState)
	}
	if zones := s.Known.zones(); s.Zone != "" && len(zones) > 0 && !slices.Contains(zones, s.Zone) {
		return fmt.Errorf("%w: it is of zone %s, and this is %s: set EXOSCALE_ZONE or -zone", ErrForeignState, zones[0], s.Zone)
	}
	listed := make(map[string]bool, len(all))
	var stranger *Thing
	ours := false
	for i, t := range all {
		listed[t.Kind.String()+" "+strings.ToLower(t.ID)] = true
		switch {
		case t.Kind == SSHKey: // its id is its name, which every installation so named has
		case !s.Known.Has(t):
		case s.named(t):
			ours = true
		default:
			stranger = &all[i]
		}
	}
	switch {
	case ours:
		return s.outdated(listed, left)
	case stranger != nil:
		return fmt.Errorf("%w: it lists %s and nothing that bears a name of the installation %s: give the state or the name of the other one",
			ErrForeignState, stranger, s.Name)
	}
	return fmt.Errorf("%w: none of the %d things that it lists is in this account: it may belong to another account, zone or installation, or be old",
		ErrForeignState, s.Known.Managed())
}

// outdated tells of a thing that was made anew since the state was written:
// the state lists it under an id that the account does not have any more.
func (s *Sweeper) outdated(listed map[string]bool, left []Thing) error {
	for _, t := range left {
		for _, m := range s.Known.managed {
			if m.kind == t.Kind && m.name == t.Name && !listed[m.kind.String()+" "+m.id] {
				return fmt.Errorf("%w: it lists %s under an id that is gone, so it is older than what is in the account", ErrForeignState, t)
			}
		}
	}
	return nil
}

// named reports whether the thing, or what it is a part of, bears a name that
// the module gives in this installation.
func (s *Sweeper) named(t Thing) bool {
	switch t.Kind {
	case LoadBalancerService:
		return s.owns(LoadBalancer, t.ParentName)
	case SecurityGroupRule:
		return s.owns(SecurityGroup, t.ParentName)
	default:
		return s.owns(t.Kind, t.Name)
	}
}

// zones returns the zones of what Terraform manages, each once.
func (k *Known) zones() []string {
	var zones []string
	for _, m := range k.managed {
		if m.zone != "" && !slices.Contains(zones, m.zone) {
			zones = append(zones, m.zone)
		}
	}
	return zones
}
