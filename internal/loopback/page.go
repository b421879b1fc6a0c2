package loopback

import "net/http"

// RefuseOtherSites serves the page of a program on this host, and refuses
// requests that other web pages make the browser send: those for a name of their
// own that leads to this host, and commands from another origin, which another
// port of this host is, too. contentSecurity is the page's
// Content-Security-Policy.
func RefuseOtherSites(contentSecurity string, next http.Handler) http.Handler {
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
		if !IsHost(r.Host) {
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
