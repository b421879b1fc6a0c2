package autoscale

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/exopool/exopool/internal/auth"
)

// maxForm bounds the body of a request to pause, in bytes.
const maxForm = 4 << 10

// An operateHandler lets an operator pause the loop and resume it.
type operateHandler struct {
	loop  *Loop
	guard *auth.Guard
}

// pauseView is how a pause is shown.
type pauseView struct {
	Paused bool `json:"paused"`
	// A resize that began before the pause is under way, or got no answer:
	// whoever resizes the pool now may be overruled by it.
	Resizing bool `json:"resizing,omitempty"`
	*Pause
}

// servePause shows the pause in force to GET and begins one by POST.
func (h operateHandler) servePause(w http.ResponseWriter, r *http.Request) {
	if !allowed(w, r, http.MethodGet, http.MethodPost) || !h.admits(w, r) {
		return
	}
	if r.Method == http.MethodGet {
		h.show(w)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		plain(w, http.StatusBadRequest, fmt.Sprintf("the form cannot be read (at most %d bytes of duration=2h&reason=words): %v", maxForm, err))
		return
	}
	if odd := oddForm(r); odd != "" {
		plain(w, http.StatusBadRequest, "not paused: "+odd+": send duration=2h and reason=words as curl -d does, or nothing to pause until resumed")
		return
	}
	var duration time.Duration
	if text := r.Form.Get("duration"); text != "" {
		var err error
		if duration, err = time.ParseDuration(text); err != nil || duration < time.Second {
			plain(w, http.StatusBadRequest, "the duration cannot be read: give one of a second or more, such as 90m or 2h, or none to pause until resumed")
			return
		}
	}
	_, err := h.loop.Pause(r.Context(), duration, r.Form.Get("reason"))
	switch {
	case errors.Is(err, errInvalidPause):
		plain(w, http.StatusBadRequest, err.Error())
	case err != nil:
		plain(w, http.StatusInternalServerError, "paused, but a restart would end that: "+err.Error())
	default:
		h.show(w)
	}
}

// oddForm tells what in a request to pause would be overlooked: a pause until
// resumed is not what was meant by it. It is empty if all is well.
func oddForm(r *http.Request) string {
	if r.ContentLength != 0 && len(r.PostForm) == 0 {
		return "the body is not a form"
	}
	for name, values := range r.Form {
		switch {
		case name != "duration" && name != "reason" && name != "token":
			return fmt.Sprintf("nothing is called %.50q", name)
		case len(values) > 1:
			return name + " is given more than once"
		}
	}
	return ""
}

// serveResume ends the pause in force.
func (h operateHandler) serveResume(w http.ResponseWriter, r *http.Request) {
	if !allowed(w, r, http.MethodPost) || !h.admits(w, r) {
		return
	}
	if err := h.loop.Resume(r.Context()); err != nil {
		plain(w, http.StatusInternalServerError, "resumed, but a restart would find the pause: "+err.Error())
		return
	}
	h.show(w)
}

// admits answers whoever may not operate the loop. Where webhooks need no
// token, that is everybody on another computer, and pages in a browser.
func (h operateHandler) admits(w http.ResponseWriter, r *http.Request) bool {
	if !h.guard.Required() && (!isLocal(r.RemoteAddr) || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "") {
		plain(w, http.StatusForbidden, "only programs on this computer may do that without a token: set WEBHOOK_TOKEN and bring it")
		return false
	}
	return admitted(w, r, h.loop, h.guard)
}

func (h operateHandler) show(w http.ResponseWriter) {
	view := pauseView{}
	if pause, ok := h.loop.Paused(); ok {
		view.Paused, view.Pause = true, &pause
	}
	view.Resizing = h.loop.demand.resizing() // read after the pause is set: see Loop.write
	body, err := json.Marshal(view)
	if err != nil {
		plain(w, http.StatusInternalServerError, err.Error())
		return
	}
	writeJSON(w, append(body, '\n'))
}

// isLocal reports whether a request came from this computer.
func isLocal(remote string) bool {
	from, err := netip.ParseAddrPort(remote)
	return err == nil && from.Addr().Unmap().IsLoopback()
}
