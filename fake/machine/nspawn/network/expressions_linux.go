package network

import (
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// expressions are a part of a rule in the kernel's terms: load something into
// a register, compare it, do something.
type expressions []expr.Any

// register is where one value at a time is compared.
const register = 1

// Offsets in the IPv4 header, and in the headers that follow it, in bytes.
const (
	offsetProtocol    = 9
	offsetSource      = 12
	offsetDestination = 16
	offsetPort        = 2 // the destination's, of TCP and UDP
	offsetICMPType    = 0
	offsetICMPCode    = 1
)

// expressions of a rule of a security group.
func (r rule) expressions() []expressions {
	link, other := from(r.link), destination(r.peer)
	if r.ingress {
		link, other = to(r.link), source(r.peer)
	}
	if r.last {
		return []expressions{link, drop()}
	}
	list := []expressions{link, other, protocol(r.proto)}
	switch r.proto {
	case protoTCP, protoUDP:
		list = append(list, ports(r.ports[0], r.ports[1]))
	case protoICMP:
		for i, offset := range []uint32{offsetICMPType, offsetICMPCode} {
			if r.icmp[i] >= 0 {
				value := []byte{byte(r.icmp[i])} //nolint:gosec // G115: at most 254
				list = append(list, field(expr.PayloadBaseTransportHeader, offset, value))
			}
		}
	}
	return append(list, accept())
}

func accept() expressions { return expressions{&expr.Verdict{Kind: expr.VerdictAccept}} }

func drop() expressions { return expressions{&expr.Verdict{Kind: expr.VerdictDrop}} }

// prohibited refuses so that the sender knows at once.
func prohibited() expressions {
	const unreachable, administratively = 0, 13
	return expressions{&expr.Reject{Type: unreachable, Code: administratively}}
}

func from(link string) expressions { return linkIs(expr.MetaKeyIIFNAME, link) }

func to(link string) expressions { return linkIs(expr.MetaKeyOIFNAME, link) }

func linkIs(key expr.MetaKey, link string) expressions {
	name := make([]byte, unix.IFNAMSIZ)
	copy(name, link)
	return expressions{&expr.Meta{Key: key, Register: register}, equal(name)}
}

func packetMark(mark uint32) expressions {
	return expressions{&expr.Meta{Key: expr.MetaKeyMARK, Register: register}, equal(binaryutil.NativeEndian.PutUint32(mark))}
}

func setPacketMark(mark uint32) expressions {
	return expressions{
		&expr.Immediate{Register: register, Data: binaryutil.NativeEndian.PutUint32(mark)},
		&expr.Meta{Key: expr.MetaKeyMARK, Register: register, SourceRegister: true},
	}
}

func connectionMark(mark uint32) expressions {
	return expressions{&expr.Ct{Key: expr.CtKeyMARK, Register: register}, equal(binaryutil.NativeEndian.PutUint32(mark))}
}

func setConnectionMark(mark uint32) expressions {
	return expressions{
		&expr.Immediate{Register: register, Data: binaryutil.NativeEndian.PutUint32(mark)},
		&expr.Ct{Key: expr.CtKeyMARK, Register: register, SourceRegister: true},
	}
}

// known matches what belongs to a connection that passed, errors about it
// included.
func known() expressions {
	states := binaryutil.NativeEndian.PutUint32(expr.CtStateBitESTABLISHED | expr.CtStateBitRELATED)
	none := make([]byte, 4)
	return expressions{
		&expr.Ct{Key: expr.CtKeySTATE, Register: register},
		&expr.Bitwise{SourceRegister: register, DestRegister: register, Len: 4, Mask: states, Xor: none},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: none},
	}
}

func source(p netip.Prefix) expressions { return addressIn(offsetSource, p) }

func destination(p netip.Prefix) expressions { return addressIn(offsetDestination, p) }

func addressIn(offset uint32, p netip.Prefix) expressions {
	if p.Bits() == 0 {
		return nil
	}
	return expressions{
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4},
		&expr.Bitwise{
			SourceRegister: register, DestRegister: register, Len: 4,
			Mask: net.CIDRMask(p.Bits(), 32), Xor: make([]byte, 4),
		},
		equal(p.Masked().Addr().AsSlice()),
	}
}

func protocol(number byte) expressions {
	return field(expr.PayloadBaseNetworkHeader, offsetProtocol, []byte{number})
}

func field(base expr.PayloadBase, offset uint32, value []byte) expressions {
	return expressions{
		&expr.Payload{DestRegister: register, Base: base, Offset: offset, Len: uint32(len(value))}, //nolint:gosec // G115: few bytes
		equal(value),
	}
}

func ports(first, last uint16) expressions {
	return expressions{
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: offsetPort, Len: 2},
		&expr.Range{
			Op: expr.CmpOpEq, Register: register,
			FromData: binary.BigEndian.AppendUint16(nil, first), ToData: binary.BigEndian.AppendUint16(nil, last),
		},
	}
}

// redirect sends a connection to a port of the router instead.
func redirect(to netip.Addr, port uint16) expressions {
	const second = 2
	return expressions{
		&expr.Immediate{Register: register, Data: to.AsSlice()},
		&expr.Immediate{Register: second, Data: binary.BigEndian.AppendUint16(nil, port)},
		&expr.NAT{
			Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV4,
			RegAddrMin: register, RegProtoMin: second,
		},
	}
}

func equal(value []byte) *expr.Cmp {
	return &expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: value}
}
