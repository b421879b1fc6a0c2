package sweep

import (
	"context"
	"errors"
	"fmt"
)

// A Kind is what a thing is. Kinds are numbered in the order in which things
// are deleted: what refers to others goes before them.
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

	kinds = iota
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

// A Thing is one object in an account.
type Thing struct {
	Kind Kind
	ID   string // as in Terraform's state; of an SSH key, its name
	Name string // of a service or a rule: what tells it from its siblings

	// Parent is the id of the load balancer of a service, the group of a
	// rule or the pool of an instance; empty for everything else.
	Parent string
	// ParentName is the name of a service's or a rule's parent.
	ParentName string
	// Running tells of a thing that costs money while it exists how it is,
	// such as "running, members: 3"; empty for everything else.
	Running string
}

// String names the thing for a person, such as
// "security group exopool-members".
func (t Thing) String() string {
	if t.ParentName != "" {
		return fmt.Sprintf("%s %q of %s", t.Kind, t.Name, t.ParentName)
	}
	return fmt.Sprintf("%s %s", t.Kind, t.Name)
}

// isPart reports whether t is named by its parent and not by itself.
func (t Thing) isPart() bool { return t.Kind == LoadBalancerService || t.Kind == SecurityGroupRule }

// ErrBusy says that a thing cannot be deleted now, but maybe later: it is
// still being created, or something that is being deleted uses it.
var ErrBusy = errors.New("busy")

// An Account is what things are in.
type Account interface {
	// List returns all things of a kind, those of other names included, but
	// never the API key that it calls with.
	List(ctx context.Context, kind Kind) ([]Thing, error)
	// Delete deletes a thing and returns when the cloud says that this is
	// done. A thing that is gone already is no error. Errors that pass by
	// themselves satisfy [ErrBusy].
	Delete(ctx context.Context, thing Thing) error
}
