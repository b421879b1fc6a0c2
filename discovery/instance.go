package discovery

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// An Instance is one member of an instance pool, as the provider lists it.
// Fields that the provider left out have their zero value.
type Instance struct {
	ID         string
	Name       string
	PoolID     string
	State      string
	IPv4       netip.Addr // public; the zero Addr when there is none
	IPv6       netip.Addr // public; the zero Addr when there is none
	TypeID     string
	TemplateID string
	Created    time.Time
	Labels     map[string]string

	SecurityGroupIDs     []string
	AntiAffinityGroupIDs []string
}

// A Pool is what the provider says of an instance pool itself.
type Pool struct {
	ID    string
	Name  string
	State string
	Size  int // members asked for
	// Members are the ids of those that the pool names; nil when the provider
	// does not say.
	Members []string
}

// A Backend is one service of a network load balancer and what its health
// check says of the members behind it.
type Backend struct {
	BalancerID string
	Service    string // name of the service
	PoolID     string
	Health     map[netip.Addr]string // "success" or "failure"; absent: not checked yet
}

// ErrPoolNotFound means that the zone has no such pool.
var ErrPoolNotFound = errors.New("instance pool not found")

// A Lister lists pool members. All calls block on the provider's API and
// return soon after ctx ends.
type Lister interface {
	// Instances lists the members of the given pools, in any order, with one
	// API call however many there are. An answer that is known to be a part
	// is an error. A pool that does not exist lists no members.
	Instances(ctx context.Context, poolIDs []string) ([]Instance, error)
	// Pool reads one pool; the error wraps [ErrPoolNotFound] when it is gone.
	Pool(ctx context.Context, poolID string) (Pool, error)
}

// A BackendLister tells what load balancers think of the members, with one
// API call. It is asked only when labels or metrics of members are wanted.
type BackendLister interface {
	Backends(ctx context.Context) ([]Backend, error)
}
