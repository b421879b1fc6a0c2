package sweep

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// CheckName reports whether an installation of this name can be swept. Names are
// those that the Terraform module accepts, with at least three characters:
// resources of other installations are more likely to begin with shorter ones.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("no name is given")
	case len(name) < 3:
		return errors.New("is too short: other resources may begin with it; give at least 3 characters")
	case !regexp.MustCompile(`^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$`).MatchString(name):
		return errors.New("is not the name of an installation: it has 3 to 20 lower-case letters, digits and hyphens, begins with a letter and does not end with a hyphen")
	}
	return nil
}

// Find returns the resources that belong to the installation by their names and
// are in no state, in the order of deletion. If some kinds cannot be listed, it
// returns the rest with an error that names these kinds. If the state does not
// look like the current one of the installation, the error is
// [ErrForeignState], too.
func (s *Sweeper) Find(ctx context.Context) ([]Resource, error) {
	left, foreign, err := s.find(ctx)
	return left, errors.Join(foreign, err)
}

// find is Find, with the error about a foreign state apart from the others.
func (s *Sweeper) find(ctx context.Context) (left []Resource, foreign, err error) {
	if err := CheckName(s.Name); err != nil {
		return nil, nil, fmt.Errorf("sweep %q: %w", s.Name, err)
	}
	var all []Resource
	var errs []error
	// A service is listed before its load balancer and a member before its
	// pool. So the parent of each listed resource is listed, too, even if more
	// are created meanwhile.
	for kind := Kind(0); kind < kinds; kind++ {
		resources, err := s.Account.List(ctx, kind)
		if err != nil {
			errs = append(errs, fmt.Errorf("list every %s: %w", kind, err))
			if ctx.Err() != nil {
				break
			}
		}
		all = append(all, resources...)
	}
	left = s.unknown(all)
	return left, s.checkState(all, left), errors.Join(errs...)
}

// unknown returns the resources of the installation that no state lists.
func (s *Sweeper) unknown(all []Resource) []Resource {
	listed, isLeft := map[string]bool{}, map[string]bool{}
	for _, t := range all {
		listed[t.ID] = true
		isLeft[t.ID] = !t.isPart() && s.owns(t.Kind, t.Name) && !s.State.Has(t)
	}
	var left []Resource
	for _, t := range all {
		switch t.Kind {
		case LoadBalancerService: // deleted with its load balancer
			if !isLeft[t.Parent] && s.owns(LoadBalancer, t.ParentName) && !s.State.Has(t) {
				left = append(left, t)
			}
		case SecurityGroupRule: // may refer to another group, which then cannot be deleted
			if isLeft[t.Parent] || s.owns(SecurityGroup, t.ParentName) && !s.State.Has(t) {
				left = append(left, t)
			}
		case Instance: // deleted or kept with its pool, if it has one
			if isLeft[t.ID] && (t.Parent == "" || !listed[t.Parent]) {
				left = append(left, t)
			}
		default:
			if isLeft[t.ID] {
				left = append(left, t)
			}
		}
	}
	return left
}

// owns reports whether the module gives a resource of this kind that name in this
// installation. Names that merely begin alike are not its own:
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
		// The monitoring machine of the installation NAME-member is no member of
		// this one.
		return part == "monitoring" || strings.HasPrefix(part, "member-") && part != "member-monitoring"
	case InstancePool:
		return part == "members"
	case SecurityGroup:
		return part == "members" || part == "monitoring"
	case SSHKey:
		return part == "deploy"
	case APIKey, Role:
		return part == "autoscaler"
	case LoadBalancerService, SecurityGroupRule, Other: // owned as their parents are, or not at all
	}
	return false
}
