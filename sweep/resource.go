package sweep

import (
	"context"
	"errors"
	"fmt"
)

// A Kind is what a resource is. Kinds are numbered in the order in which resources
// are deleted: those that refer to others first.
type Kind int

// The kinds that the Terraform module of this repository creates.
const (
	LoadBalancerService Kind = iota
	LoadBalancer
	Instance
	InstancePool
	SecurityGroupRule
	SecurityGroup
	SSHKey
	APIKey
	Role

	// Other is a kind that the module does not create.
	Other

	kinds = Other
)

// String returns the name of the kind, such as "load balancer".
func (k Kind) String() string {
	names := [kinds]string{
		"load balancer service", "load balancer", "instance", "instance pool",
		"security group rule", "security group", "SSH key", "API key", "IAM role",
	}
	if k < 0 || k >= kinds {
		return fmt.Sprintf("kind %d", int(k))
	}
	return names[k]
}

// A Resource is one object in an account.
type Resource struct {
	Kind Kind
	ID   string // as in Terraform's state; of an SSH key, its name
	Name string // of a service or a rule: unique in its parent

	// Parent is the id of the load balancer of a service, the group of a
	// rule or the pool of an instance; empty for everything else.
	Parent string
	// ParentName is the name of a service's or a rule's parent.
	ParentName string
	// Running describes a resource that costs money while it exists, such as
	// "running, members: 3"; empty for everything else.
	Running string
}

// String returns kind and name, such as "security group exopool-members".
func (t Resource) String() string {
	if t.ParentName != "" {
		return fmt.Sprintf("%s %q of %s", t.Kind, t.Name, t.ParentName)
	}
	return fmt.Sprintf("%s %s", t.Kind, t.Name)
}

// isPart reports whether t is named by its parent and not by itself.
func (t Resource) isPart() bool { return t.Kind == LoadBalancerService || t.Kind == SecurityGroupRule }

// ErrBusy means that a resource cannot be deleted now, but maybe later: it is
// still being created, or in use by another one that is being deleted.
var ErrBusy = errors.New("busy")

// An Account holds resources.
type Account interface {
	// List returns all resources of a kind, those of other names included, but
	// never the API key that it calls with.
	List(ctx context.Context, kind Kind) ([]Resource, error)
	// Delete deletes a resource and returns when the cloud says that this is
	// done. Deleting a resource that does not exist succeeds. Errors that pass
	// by themselves satisfy [ErrBusy].
	Delete(ctx context.Context, resource Resource) error
}
