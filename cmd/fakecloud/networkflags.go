package main

import (
	"net/netip"
	"regexp"

	"github.com/exopool/exopool/cmd/internal/settings"
)

// prefixKind returns the kind of beginnings of names, as networks of machines take
// them.
func prefixKind() settings.Kind[string] {
	pattern := regexp.MustCompile(`^[a-z][a-z0-9]{0,11}$`)
	kind := settings.Text("TEXT", func(text string) error {
		if !pattern.MatchString(text) {
			return settings.ErrMalformed
		}
		return nil
	})
	kind.Remedy = "give 1 to 12 lower-case letters and digits that begin with a letter"
	return kind
}

// rangeKind returns the kind of ranges of addresses that machines can share.
func rangeKind() settings.Kind[netip.Prefix] {
	return settings.Kind[netip.Prefix]{
		Arg: "PREFIX", Remedy: "give an IPv4 address and 8 to 24 bits, such as 198.18.0.0/16",
		Parse: func(text string) (netip.Prefix, error) {
			prefix, err := netip.ParsePrefix(text)
			if err != nil || !prefix.Addr().Is4() || prefix.Bits() < 8 || prefix.Bits() > 24 {
				return prefix, settings.ErrMalformed
			}
			return prefix, nil
		},
	}
}
