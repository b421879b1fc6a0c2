package console

import (
	"crypto/subtle"
	"net"
	"net/http"
)

// contentSecurity lets pages load the console's own files, send forms to it, and
// nothing else.
const contentSecurity = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types console"

// authorize asks for the token: once in the address, from then on in a cookie,
// so that it is not in the browser's history of pages.
func (c *console) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := cookieName(r.Host)
		if r.Method == http.MethodGet && r.URL.Path == Path && c.isToken(r.URL.Query().Get("token")) {
			http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: loopback has no HTTPS
				Name: name, Value: c.Token, Path: Path, HttpOnly: true, SameSite: http.SameSiteStrictMode,
			})
			http.Redirect(w, r, Path, http.StatusSeeOther)
			return
		}
		if cookie, err := r.Cookie(name); err != nil || !c.isToken(cookie.Value) {
			http.Error(w, "The console needs its token: open the address that \"fakecloud serve\" or \"fakecloud console\" prints.", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (c *console) isToken(text string) bool {
	return subtle.ConstantTimeCompare([]byte(text), []byte(c.Token)) == 1
}

// cookieName is one for each port, as browsers keep the cookies of all ports of
// a host together.
func cookieName(host string) string {
	_, port, err := net.SplitHostPort(host)
	if err != nil {
		port = "80"
	}
	return "fakecloud-console-" + port
}
