package view

import (
	"net/http"

	"github.com/exopool/exopool/internal/loopback"
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
		if !loopback.IsHost(r.Host) {
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
