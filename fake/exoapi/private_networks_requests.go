package exoapi

import (
	"net/netip"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

func (s *privateNetworks) create(r *request) (any, error) {
	f := r.fields()
	f.Require("name")
	n := &privateNetwork{id: s.world.IDs.UUID(), zone: r.zone}
	n.read(f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := s.checkQuota(r, 1); err != nil {
		return nil, err
	}
	return s.set(r, n.id, func() {
		s.lastVNI++
		n.vni = s.lastVNI
		s.Add(n.id, n)
	})
}

// update gives leases to what is attached already when a network
// becomes managed.
func (s *privateNetworks) update(r *request) (any, error) {
	n, err := s.named(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed := n.networkSettings
	changed.read(f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	for c := range n.nics.All() {
		if c.lease.IsValid() && !changed.subnet().Contains(c.lease) {
			return nil, wire.Conflict("private network %s leases %s, which is outside of %s", n.id, c.lease, changed.subnet())
		}
	}
	return s.set(r, n.id, func() {
		n.networkSettings = changed
		for c := range n.nics.All() {
			s.lease(c)
		}
	})
}

func (s *privateNetworks) resetField(r *request) (any, error) {
	n, err := s.named(r)
	if err != nil {
		return nil, err
	}
	if r.params["field"] != "labels" {
		return nil, wire.NotResettable(r.params["field"])
	}
	return s.set(r, n.id, func() { n.labels = nil })
}

// attachment reads which network, instance and address a call is about, and
// finds the instance's interface, if it has one. The address is the zero Addr
// if the call names none.
func (s *privateNetworks) attachment(r *request) (n *privateNetwork, i *instance, c *nic, addr netip.Addr, err error) {
	if n, err = s.named(r); err != nil {
		return nil, nil, nil, addr, err
	}
	f := r.fields()
	f.Address("ip", &addr)
	if i, err = s.instances.attached(r, f); err != nil {
		return nil, nil, nil, addr, err
	}
	c = n.nics.Get(i.id)
	if !addr.IsValid() {
		return n, i, c, addr, nil
	}
	switch holder := n.holder(addr); {
	case !n.managed():
		err = wire.Invalid("bad request: private network %s is not managed and leases no addresses", n.id)
	case !n.subnet().Contains(addr):
		err = wire.Invalid("bad request: %s is not in private network %s, which is %s", addr, n.id, n.subnet())
	case holder != nil && holder.instance != i:
		err = wire.Conflict("%s is leased to instance %s already", addr, holder.instance.id)
	}
	return n, i, c, addr, err
}

func (s *privateNetworks) attach(r *request) (any, error) {
	n, i, c, addr, err := s.attachment(r)
	if err != nil {
		return nil, err
	}
	if c != nil && addr.IsValid() && c.lease != addr {
		return nil, wire.Conflict("instance %s is attached to private network %s already", i.id, n.id)
	}
	return s.set(r, n.id, func() {
		if c == nil {
			s.connect(i, n, addr)
		}
	})
}

func (s *privateNetworks) detach(r *request) (any, error) {
	n, _, c, _, err := s.attachment(r)
	if err != nil {
		return nil, err
	}
	return s.set(r, n.id, func() {
		if c != nil {
			s.disconnect(c)
		}
	})
}

// changeLease gives an instance another address: the one asked for, or any.
func (s *privateNetworks) changeLease(r *request) (any, error) {
	n, i, c, addr, err := s.attachment(r)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, wire.NotFound("private network "+n.id+"'s interface of instance", i.id)
	}
	return s.set(r, n.id, func() {
		c.lease = addr
		s.lease(c)
	})
}
