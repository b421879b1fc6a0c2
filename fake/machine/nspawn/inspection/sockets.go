package inspection

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// listening is the state of a TCP socket in the kernel's tables.
const listening = "0A"

// maxSockets bounds what one machine has to say.
const maxSockets = 1000

// Sockets returns where programs wait for connections, from the kernel's tables of
// TCP and of TCP over IPv6, sorted by port.
func Sockets(tables ...string) []netip.AddrPort {
	var found []netip.AddrPort
	for _, table := range tables {
		for line := range strings.Lines(table) {
			fields := strings.Fields(line)
			if len(fields) < 4 || fields[3] != listening {
				continue
			}
			if at, ok := address(fields[1]); ok && !slices.Contains(found, at) && len(found) < maxSockets {
				found = append(found, at)
			}
		}
	}
	slices.SortFunc(found, func(a, b netip.AddrPort) int {
		if a.Port() != b.Port() {
			return int(a.Port()) - int(b.Port())
		}
		return a.Addr().Compare(b.Addr())
	})
	return found
}

// address reads one such as 0100007F:1F90, whose words are in the order of the
// host's bytes.
func address(text string) (netip.AddrPort, bool) {
	host, port, found := strings.Cut(text, ":")
	number, err := strconv.ParseUint(port, 16, 16)
	if !found || err != nil || len(host) != 8 && len(host) != 32 {
		return netip.AddrPort{}, false
	}
	raw, err := hex.DecodeString(host)
	if err != nil {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		binary.BigEndian.PutUint32(raw[i:], binary.NativeEndian.Uint32(raw[i:]))
	}
	ip, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(ip.Unmap(), uint16(number)), ok
}
