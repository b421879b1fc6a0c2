package discovery

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// An Instance is one member of an instance pool, as the provider lists it.
// Fields that the provider omits have their zero value.
type Instance struct {
	ID         string
	Name       string
	PoolID     string
	State      string
	Gone       bool       // its machine no longer exists, though it is still listed
	IPv4       netip.Addr // public; the zero Addr when there is none
	IPv6       netip.Addr // public; the zero Addr when there is none
	TypeID     string
	TemplateID string
	Created    time.Time
	Labels     map[string]string

	SecurityGroupIDs     []string
	AntiAffinityGroupIDs []string
}

// A Pool is what the provider says about an instance pool itself.
type Pool struct {
	ID    string
	Name  string
	State string
	Size  int // members asked for
	// Members are the ids that the pool lists itself; nil if the provider does
	// not list them.
	Members []string
}

// A Backend is one service of a network load balancer, with the results of its
// health checks of members.
type Backend struct {
	BalancerID string
	Service    string // name of the service
	PoolID     string
	Health     map[netip.Addr]Health // lacks addresses that were not checked yet
}

// Health is the result of a health check.
type Health struct {
	OK   bool
	Text string // in the provider's words, for the label
}

// ErrPoolNotFound means that the zone has no such pool.
var ErrPoolNotFound = errors.New("instance pool not found")

// A Lister lists pool members. All calls block on the provider's API and
// return soon after ctx ends.
type Lister interface {
	// Instances lists the members of the given pools, in any order, with one
	// API call for all of them. An answer that is known to be incomplete is
	// an error. A pool that does not exist has no members.
	Instances(ctx context.Context, poolIDs []string) ([]Instance, error)
	// Pool reads one pool; the error wraps [ErrPoolNotFound] if it does not exist.
	Pool(ctx context.Context, poolID string) (Pool, error)
}

// A BackendLister lists what load balancers say about members, with one API
// call. It is called only for labels or metrics of members.
type BackendLister interface {
	Backends(ctx context.Context) ([]Backend, error)
}
