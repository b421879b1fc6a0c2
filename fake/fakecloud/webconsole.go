package fakecloud

import (
	"crypto/rand"
	"io"
	"net/http"
	"strings"

	"github.com/exopool/exopool/fake/fakecloud/console"
	"github.com/exopool/exopool/fake/fakecloud/control"
	"github.com/exopool/exopool/internal/loopback"
)

// newConsole makes the console of the cloud, which answers at the given URL. Its
// token is another one than the control API's: browsers hand cookies to all ports
// of a host.
func (c *Cloud) newConsole(url string) (err error) {
	token := rand.Text()
	c.connection.Console = url + console.Path + "?token=" + token
	c.console, err = console.New(console.Config{Cloud: c, Token: token, Unsupported: func() map[string]int {
		counts := map[string]int{}
		for _, u := range c.Unsupported() {
			counts[u.Request] = u.Count
		}
		return counts
	}})
	return err
}

// serveFront answers like the API, but leads browsers from its root to the
// console, and says what is where to others. The icon that browsers ask every host
// for, and whether it answers at all, are no calls of the API, unless it is asked
// under the name of a host of the vendor's.
func (c *Cloud) serveFront(w http.ResponseWriter, r *http.Request) {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch own := loopback.IsHost(r.Host); {
	case reads && own && r.URL.Path == "/" && r.URL.RawQuery == "":
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			http.Redirect(w, r, console.Path, http.StatusSeeOther)
			return
		}
		writeText(w, about)
	case reads && own && r.URL.Path == "/healthz":
		writeText(w, "ok\n")
	case r.URL.Path == "/favicon.ico":
		w.WriteHeader(http.StatusNoContent)
	default:
		c.front.ServeHTTP(w, r)
	}
}

// about is what there is at the address of a cloud.
const about = `fakecloud: an emulated Exoscale

/v2/          the API; /z/ZONE/v2/ is that of a zone. Requests are signed with the key
              that "fakecloud env" prints
` + console.Path + `     the cloud in a browser, with the address that "fakecloud console" prints
` + control.Path + `   faults, calls, clock and state, for tests in any language, with FAKECLOUD_TOKEN
/healthz      200 while it answers

As a proxy, this address answers for all hosts of Exoscale.
`

func writeText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, text) // the client may have left
}
