package view

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// refuseOtherSites refuses requests that other web pages make the browser send,
// either to this host's name, which the browser marks as coming from another
// origin, or to a name of their own that leads to 127.0.0.1, which is then in
// the Host header.
func refuseOtherSites(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurity)
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cache-Control", "no-store")
		if !isLoopback(r.Host) {
			http.Error(w, "this page answers to localhost and loopback addresses only", http.StatusForbidden)
			return
		}
		if err := origin.Check(r); err != nil {
			http.Error(w, "this page takes no commands from other web pages", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLoopback reports whether a Host header names this host, by localhost
// or by a loopback address, with or without a port.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return err == nil && addr.Unmap().IsLoopback()
}
