package sweep

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// CheckName reports whether an installation of this name can be swept. Names are
// those that the Terraform module takes, of three characters at least: shorter
// ones begin too much that is somebody else's.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("no name is given")
	case len(name) < 3:
		return errors.New("is too short: things of somebody else may begin so; give at least 3 characters")
	case !regexp.MustCompile(`^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$`).MatchString(name):
		return errors.New("is not the name of an installation: it has 3 to 20 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen")
	}
	return nil
}

// Find returns what belongs to the installation by its name and is not known,
// in the order of deletion. It returns what it could find even when some kinds
// could not be listed, together with an error that names them. When a state was
// read that does not look like the present one of the installation, the error
// is [ErrForeignState], too.
func (s *Sweeper) Find(ctx context.Context) ([]Thing, error) {
	left, foreign, err := s.find(ctx)
	return left, errors.Join(foreign, err)
}

// find is Find, and keeps a state that looks foreign apart from what went wrong.
func (s *Sweeper) find(ctx context.Context) (left []Thing, foreign, err error) {
	if err := CheckName(s.Name); err != nil {
		return nil, nil, fmt.Errorf("sweep %q: %w", s.Name, err)
	}
	var all []Thing
	var faults []error
	// A service is listed before its load balancer and a member before its
	// pool. So whatever has a parent finds it in the list, also while
	// somebody creates more.
	for kind := Kind(0); kind < kinds; kind++ {
		things, err := s.Account.List(ctx, kind)
		if err != nil {
			faults = append(faults, fmt.Errorf("list every %s: %w", kind, err))
			if ctx.Err() != nil {
				break
			}
		}
		all = append(all, things...)
	}
	left = s.selectFrom(all)
	return left, s.checkState(all, left), errors.Join(faults...)
}

// selectFrom picks what is left from all things of an account.
func (s *Sweeper) selectFrom(all []Thing) []Thing {
	listed, leaving := map[string]bool{}, map[string]bool{}
	for _, t := range all {
		listed[t.ID] = true
		leaving[t.ID] = !t.isPart() && s.owns(t.Kind, t.Name) && !s.Known.Has(t)
	}
	var left []Thing
	for _, t := range all {
		switch t.Kind {
		case LoadBalancerService: // goes with its load balancer
			if !leaving[t.Parent] && s.owns(LoadBalancer, t.ParentName) && !s.Known.Has(t) {
				left = append(left, t)
			}
		case SecurityGroupRule: // may refer to another group, and keep it
			if leaving[t.Parent] || s.owns(SecurityGroup, t.ParentName) && !s.Known.Has(t) {
				left = append(left, t)
			}
		case Instance: // goes and stays with its pool, if there is one
			if leaving[t.ID] && (t.Parent == "" || !listed[t.Parent]) {
				left = append(left, t)
			}
		default:
			if leaving[t.ID] {
				left = append(left, t)
			}
		}
	}
	return left
}

// owns reports whether the module gives a thing of this kind that name in this
// installation. Other names, although they begin alike, are somebody else's:
// exopool-2-monitoring is a machine of the installation exopool-2.
func (s *Sweeper) owns(kind Kind, name string) bool {
	part, ours := strings.CutPrefix(name, s.Name+"-")
	if !ours {
		return false
	}
	switch kind {
	case LoadBalancer:
		return part == "application"
	case Instance:
		// The monitoring machine of an installation whose name ends in -member
		// is no member of this one.
		return part == "monitoring" || strings.HasPrefix(part, "member-") && part != "member-monitoring"
	case InstancePool:
		return part == "members"
	case SecurityGroup:
		return part == "members" || part == "monitoring"
	case SSHKey:
		return part == "deploy"
	case APIKey, Role:
		return part == "autoscaler"
	case LoadBalancerService, SecurityGroupRule: // known by their parents
	}
	return false
}
