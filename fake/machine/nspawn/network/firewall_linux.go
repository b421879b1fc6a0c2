package network

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/exopool/exopool/fake/machine/driverapi"
)

const (
	table = "exopool"
	// markBorrowed is on connections that the router makes with the address
	// of a client, markAnswer on packets that come back on them. They
	// differ because a marked packet is routed here, to the router itself.
	markBorrowed = 2
	markAnswer   = 1
)

// HealthcheckSources names the addresses of [Network.DialCheck].
func (n *Network) HealthcheckSources() []netip.Prefix {
	return []netip.Prefix{netip.PrefixFrom(n.checker, n.checker.BitLen())}
}

// Protect sets what may reach which machines and what these may reach; see
// [driverapi.Firewall]. It holds for addresses, whether a machine is attached or
// not. Until the first call all machines are open, from then on those that are
// not named cannot be reached.
//
// The gateway's services and its own connections always pass. What passed once
// goes on when the permit is taken back, as on Exoscale.
func (n *Network) Protect(all []driverapi.Protection) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return errors.New("protect machines: the network is closed")
	}
	for _, p := range all {
		if !n.instances.Contains(p.Address) {
			return fmt.Errorf("protect machine %s: address %v is not in %v", p.MachineID, p.Address, n.instances)
		}
	}
	before := n.protections
	n.protections = append([]driverapi.Protection{}, all...)
	if err := n.enforce(); err != nil {
		n.protections = before
		return fmt.Errorf("protect machines: %w", err)
	}
	return nil
}

// enforce replaces all rules in one transaction: there is no moment without
// any, and none when old and new ones are mixed. The caller holds the lock.
func (n *Network) enforce() error {
	conn, err := nftables.New(nftables.WithNetNSFd(int(n.router)), nftables.WithSockOptions(setBuffers))
	if err != nil {
		return fmt.Errorf("talk to nf_tables: %w", err)
	}
	t := &nftables.Table{Name: table, Family: nftables.TableFamilyIPv4}
	conn.AddTable(t) // so that there is one to delete
	conn.DelTable(t)
	conn.AddTable(t)
	f := &firewall{conn: conn, table: t, layout: n.layout}
	f.write(compile(n.protections))
	if n.protections != nil {
		f.closeOthers()
	}
	err = conn.Flush()
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EPROTONOSUPPORT) {
		err = fmt.Errorf("%w: the kernel needs nf_tables with ct, nat and reject "+
			"(modules nf_tables, nft_ct, nft_nat, nft_reject_ipv4)", err)
	}
	if err != nil {
		return fmt.Errorf("set firewall rules: %w", err)
	}
	return nil
}

// setBuffers makes place for a transaction with thousands of rules, and for the
// kernel's answer to each.
func setBuffers(conn *netlink.Conn) error {
	const size = 16 << 20 // bytes; taken only as far as needed
	return errors.Join(conn.SetReadBuffer(size), conn.SetWriteBuffer(size))
}

// A firewall writes the router's rules.
//
//	from a machine ─▶ arrive ─▶ translate ─┬─▶ forward ─▶ deliver ─▶ to a machine
//	                                       └─▶ the router's own ──▶ mark ─▶ deliver
//
// Arrive and deliver judge new connections by the machine's link: what a
// machine may reach is judged where its packets arrive, before destinations are
// translated; what may reach a machine, where packets are delivered, whoever
// they are from.
type firewall struct {
	conn  *nftables.Conn
	table *nftables.Table
	layout

	deliver *nftables.Chain
}

func (f *firewall) write(rules []rule) {
	policy := nftables.ChainPolicyDrop
	arrive := f.chain("arrive", nftables.ChainTypeFilter, nftables.ChainHookPrerouting, nftables.ChainPriorityMangle, nil)
	translate := f.chain("translate", nftables.ChainTypeNAT, nftables.ChainHookPrerouting, nftables.ChainPriorityNATDest, nil)
	forward := f.chain("forward", nftables.ChainTypeFilter, nftables.ChainHookForward, nftables.ChainPriorityFilter, &policy)
	mark := f.chain("mark", nftables.ChainTypeFilter, nftables.ChainHookOutput, nftables.ChainPriorityMangle, nil)
	f.deliver = f.chain("deliver", nftables.ChainTypeFilter, nftables.ChainHookPostrouting, nftables.ChainPriorityMangle, nil)

	// Answers on connections with a borrowed address come back to the router.
	f.add(mark, packetMark(markBorrowed), setConnectionMark(markBorrowed))
	f.add(arrive, connectionMark(markBorrowed), setPacketMark(markAnswer))

	f.add(arrive, known(), accept())
	f.add(arrive, destination(only(f.gateway)), accept())
	f.add(arrive, destination(only(Metadata())), accept())

	f.add(translate, from(uplink), accept())
	f.add(translate, destination(f.whole), accept())
	f.add(translate, destination(linkLocal()), accept())
	f.add(translate, protocol(protoTCP), redirect(f.gateway, egressPort))

	f.add(forward, known(), accept())
	f.add(forward, destination(f.instances), accept()) // deliver decides
	f.add(forward, from(uplink), destination(only(f.helper)), accept())
	f.add(forward, prohibited())

	f.add(f.deliver, known(), accept())
	f.add(f.deliver, source(only(f.gateway)), accept())
	for _, r := range rules {
		if r.ingress {
			f.add(f.deliver, r.expressions()...)
		} else {
			f.add(arrive, r.expressions()...)
		}
	}
}

// closeOthers comes after the rules for single machines.
func (f *firewall) closeOthers() { f.add(f.deliver, destination(f.instances), drop()) }

func (f *firewall) chain(
	name string, kind nftables.ChainType, hook *nftables.ChainHook, priority *nftables.ChainPriority,
	policy *nftables.ChainPolicy,
) *nftables.Chain {
	return f.conn.AddChain(&nftables.Chain{
		Name: name, Table: f.table, Type: kind, Hooknum: hook, Priority: priority, Policy: policy,
	})
}

func (f *firewall) add(chain *nftables.Chain, parts ...expressions) {
	r := &nftables.Rule{Table: f.table, Chain: chain}
	for _, p := range parts {
		r.Exprs = append(r.Exprs, p...)
	}
	f.conn.AddRule(r)
}

func only(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

func linkLocal() netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{169, 254}), 16) }
