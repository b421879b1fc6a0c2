package autoscale

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

//go:embed status.html
var statusPage string

// statusTurns is how many turns the page lists.
const statusTurns = 20

// newStatusHandler returns the page that says in words what the loop does.
func newStatusHandler(loop *Loop) http.Handler {
	page := template.Must(template.New("status").Parse(statusPage))
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		last := loop.Decisions()
		slices.Reverse(last)
		last = last[:min(len(last), statusTurns)]
		content := struct {
			Pool string
			Why  []string
			Last []Decision
		}{Pool: loop.cfg.PoolName, Last: last}
		if len(last) > 0 {
			content.Why = strings.Split(last[0].Explain(), "\n")
		}
		var body bytes.Buffer
		if err := page.Execute(&body, content); err != nil {
			plain(w, http.StatusInternalServerError, err.Error())
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		if _, err := w.Write(body.Bytes()); err != nil {
			return // the client went away
		}
	})
}
