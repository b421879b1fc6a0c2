package control

import (
	"encoding/json"
	"errors"
	"net/http"
)

// A Clock is how fast the time of a cloud passes.
type Clock struct {
	// Speed is how many times faster than real time things happen.
	Speed float64 `json:"speed"`
	// Passed is how much of the cloud's time has passed since it began, or was
	// reset, in seconds.
	Passed float64 `json:"passed"`
	// Fixed says why the speed cannot be changed; empty if it can.
	Fixed string `json:"fixed"`
}

func (h *handler) showClock(w http.ResponseWriter, _ *http.Request) {
	clock := Clock{Speed: h.cloud.Speed(), Passed: h.cloud.Passed().Seconds()}
	if err := h.cloud.CanSetSpeed(); err != nil {
		clock.Fixed = err.Error()
	}
	reply(w, clock)
}

func (h *handler) setClock(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Speed float64 `json:"speed"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&wanted); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch err := h.cloud.SetSpeed(wanted.Speed); {
	case errors.Is(err, errors.ErrUnsupported):
		http.Error(w, err.Error(), http.StatusConflict)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		h.showClock(w, r)
	}
}
