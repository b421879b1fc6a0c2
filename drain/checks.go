package drain

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

const (
	maxChecks = 200
	// minBits keeps a wrong network from refusing half the internet.
	minBits = 8
)

// usable returns the networks of IPv4, which alone load balancers forward, and
// an error unless a member would accept them.
func usable(checks []netip.Prefix) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, network := range checks {
		switch {
		case !network.IsValid():
			return nil, errors.New("one is invalid")
		case !network.Addr().Is4():
		case network.Bits() < minBits:
			return nil, fmt.Errorf("%v has less than %d bits", network, minBits)
		default:
			list = append(list, network)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("there is none of IPv4")
	}
	if len(list) > maxChecks {
		return nil, fmt.Errorf("%d of them, more than %d", len(list), maxChecks)
	}
	return list, nil
}

// joined returns the networks as members read them.
func joined(checks []netip.Prefix) string {
	words := make([]string, len(checks))
	for i, network := range checks {
		words[i] = network.Masked().String()
	}
	return strings.Join(words, ",")
}
