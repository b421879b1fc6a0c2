// Package vendordomains lists the names under which the vendor serves what belongs to
// accounts. Programs that must not reach a real account check them.
package vendordomains

import (
	"net"
	"slices"
	"strings"
)

// All returns the domains under which the vendor serves what belongs to
// accounts, in lower case: a program that must not reach a real account must
// reach no host of theirs. Its status pages, such as exoscalestatus.com, are not
// among them: they take no key and show nothing of an account.
//
// The names are those in the official clients, the API's own schema and the
// vendor's documentation.
func All() []string {
	return []string{
		"exoscale.com",     // the API, the portal and the documentation
		"exoscale.ch",      // former addresses of the API and the portal, test systems
		"exoscale.io",      // name servers
		"exoscale.net",     // name servers
		"exo.io",           // object storage, control planes of Kubernetes clusters
		"exoscale-cdn.com", // objects of the object storage
		"runstatus.com",    // the former status pages' interface, which took the account's key
		"aivencloud.com",   // managed databases
	}
}

// OfVendor reports whether a host, with or without a port, is of one of the
// vendor's domains.
func OfVendor(hostport string) bool {
	host := hostOf(hostport)
	return slices.ContainsFunc(All(), func(domain string) bool {
		return host == domain || strings.HasSuffix(host, "."+domain)
	})
}

// OfAPI reports whether a host, with or without a port, is one at which the
// vendor serves the API that is emulated.
func OfAPI(hostport string) bool {
	name, ok := strings.CutSuffix(hostOf(hostport), ".exoscale.com")
	return ok && !strings.Contains(name, ".") && (name == "api" || strings.HasPrefix(name, "api-"))
}

// Zone returns the zone that a host of the API serves; ok is false for any
// other host.
func Zone(hostport string) (zone string, ok bool) {
	if !OfAPI(hostport) {
		return "", false
	}
	return strings.CutPrefix(strings.TrimSuffix(hostOf(hostport), ".exoscale.com"), "api-")
}

// hostOf returns the host of a request in its normal form, without the port.
func hostOf(hostport string) string {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	return strings.TrimRight(strings.ToLower(host), ".")
}
