package fakecloud

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/exopool/exopool/fake/fakecloud/console"
)

// newConsole makes the console of the cloud, which answers at the given URL. Its
// token is another one than the control API's: browsers hand cookies to all ports
// of a host.
func (c *Cloud) newConsole(url string) (err error) {
	token := rand.Text()
	c.connection.Console = url + console.Path + "?token=" + token
	c.console, err = console.New(console.Config{Cloud: c, Token: token, Speed: c.cfg.Speed, Unsupported: func() map[string]int {
		counts := map[string]int{}
		for _, u := range c.Unsupported() {
			counts[u.Request] = u.Count
		}
		return counts
	}})
	return err
}

// serveFront answers like the API, but leads browsers from its root to the
// console. The icon that they ask every host for is no call of the API.
func (c *Cloud) serveFront(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.Path == "/" && strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, console.Path, http.StatusSeeOther)
		return
	}
	if r.URL.Path == "/favicon.ico" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	c.front.ServeHTTP(w, r)
}
