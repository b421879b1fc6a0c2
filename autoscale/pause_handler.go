package autoscale

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/exopool/exopool/internal/auth"
	"github.com/exopool/exopool/internal/loopback"
)

// maxForm bounds the body of a request to pause, in bytes.
const maxForm = 4 << 10

// A pauseHandler lets an operator pause the loop and resume it.
type pauseHandler struct {
	loop  *Loop
	guard *auth.Guard
}

// pauseView is the answer about a pause.
type pauseView struct {
	Paused bool `json:"paused"`
	// A resize that began before the pause is under way, or got no answer: it may
	// still override the operator's.
	Resizing bool `json:"resizing,omitempty"`
	*Pause
}

// servePause answers GET with the pause in force, and begins one for POST.
func (h pauseHandler) servePause(w http.ResponseWriter, r *http.Request) {
	if !checkMethod(w, r, http.MethodGet, http.MethodPost) || !h.authorizeOperator(w, r) {
		return
	}
	if r.Method == http.MethodGet {
		h.show(w)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		plain(w, http.StatusBadRequest, fmt.Sprintf("cannot read the form (at most %d bytes of duration=2h&reason=words): %v", maxForm, err))
		return
	}
	if problem := formProblem(r); problem != "" {
		plain(w, http.StatusBadRequest, "not paused: "+problem+": send duration=2h and reason=words as curl -d does, or nothing to pause until resumed")
		return
	}
	var duration time.Duration
	if text := r.Form.Get("duration"); text != "" {
		var err error
		if duration, err = time.ParseDuration(text); err != nil || duration < time.Second {
			plain(w, http.StatusBadRequest, "cannot read the duration: give 1s or longer, such as 90m or 2h, or none to pause until resumed")
			return
		}
	}
	_, err := h.loop.Pause(r.Context(), duration, r.Form.Get("reason"))
	switch {
	case errors.Is(err, errInvalidPause):
		plain(w, http.StatusBadRequest, err.Error())
	case err != nil:
		plain(w, http.StatusInternalServerError, "paused, but a restart would end the pause: "+err.Error())
	default:
		h.show(w)
	}
}

// formProblem returns what is wrong with the form of a request to pause, or "". A
// request with a mistyped duration must not pause until resumed.
func formProblem(r *http.Request) string {
	if r.ContentLength != 0 && len(r.PostForm) == 0 {
		return "the body is not a form"
	}
	for name, values := range r.Form {
		switch {
		case name != "duration" && name != "reason" && name != "token":
			return fmt.Sprintf("%.50q is unknown", name)
		case len(values) > 1:
			return name + " is given more than once"
		}
	}
	return ""
}

// serveResume ends the pause in force.
func (h pauseHandler) serveResume(w http.ResponseWriter, r *http.Request) {
	if !checkMethod(w, r, http.MethodPost) || !h.authorizeOperator(w, r) {
		return
	}
	if err := h.loop.Resume(r.Context()); err != nil {
		plain(w, http.StatusInternalServerError, "resumed, but a restart would find the pause: "+err.Error())
		return
	}
	h.show(w)
}

// authorizeOperator reports whether a request may pause the loop, and answers it
// otherwise. If webhooks need no token, only programs on this host may: neither
// other hosts, nor web pages in a browser.
func (h pauseHandler) authorizeOperator(w http.ResponseWriter, r *http.Request) bool {
	if !h.guard.Required() && (!loopback.IsAddrPort(r.RemoteAddr) || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "") {
		plain(w, http.StatusForbidden, "without a token only programs on this host may do that: give the autoscaler a token and send it")
		return false
	}
	return authorize(w, r, h.loop, h.guard)
}

func (h pauseHandler) show(w http.ResponseWriter) {
	view := pauseView{}
	if pause, ok := h.loop.Paused(); ok {
		view.Paused, view.Pause = true, &pause
	}
	view.Resizing = h.loop.demand.resizing() // read after the pause is set: see Loop.requestResize
	body, err := json.Marshal(view)
	if err != nil {
		plain(w, http.StatusInternalServerError, err.Error())
		return
	}
	writeJSON(w, append(body, '\n'))
}
