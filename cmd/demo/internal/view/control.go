package view

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
)

// maxOrder is more than any order needs, in bytes.
const maxOrder = 4 << 10

// A refusal is an error with the status that tells it.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

func (p *page) load(w http.ResponseWriter, r *http.Request) {
	p.obey(w, r, func(ctx context.Context) error {
		var order struct {
			Clients *int `json:"clients"`
		}
		if p.controls.SetClients == nil {
			return &refusal{http.StatusNotFound, "the load cannot be set in this run"}
		}
		if err := decode(w, r, &order); err != nil {
			return err
		}
		if order.Clients == nil || *order.Clients < 0 || *order.Clients > p.controls.MaxClients {
			return &refusal{
				http.StatusUnprocessableEntity,
				fmt.Sprintf("clients must be a number from 0 to %d", p.controls.MaxClients),
			}
		}
		return p.controls.SetClients(ctx, *order.Clients)
	})
}

func (p *page) kill(w http.ResponseWriter, r *http.Request) {
	p.obey(w, r, func(ctx context.Context) error {
		var order struct {
			Member string `json:"member"`
		}
		if p.controls.Kill == nil {
			return &refusal{http.StatusNotFound, "members cannot be deleted in this run"}
		}
		if err := decode(w, r, &order); err != nil {
			return err
		}
		if !p.knows(order.Member) {
			return &refusal{http.StatusUnprocessableEntity, "member must be the name of a member of the pool"}
		}
		return p.controls.Kill(ctx, order.Member)
	})
}

func (p *page) knows(member string) bool {
	s := p.hub.State().Snapshot
	return s != nil && slices.ContainsFunc(s.Pool.Members, func(m Member) bool { return m.Name == member })
}

// obey answers 202 when the order is taken: its effect shows in the snapshots.
func (p *page) obey(w http.ResponseWriter, r *http.Request, order func(context.Context) error) {
	err := order(r.Context())
	var no *refusal
	switch {
	case err == nil:
		p.answer(w, http.StatusAccepted, map[string]string{})
	case errors.As(err, &no):
		p.answer(w, no.status, map[string]string{"error": no.text})
	default:
		p.log.WarnContext(r.Context(), "an order of the page was not carried out", "path", r.URL.Path, "err", err)
		p.answer(w, http.StatusConflict, map[string]string{"error": err.Error()})
	}
}

func (p *page) answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.log.Debug("answer the page", "err", err)
	}
}

// decode reads one JSON object of known fields. The content type is required
// because a form of another web page cannot send it.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &refusal{http.StatusUnsupportedMediaType, "send Content-Type: application/json"}
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOrder))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		if _, extra := dec.Token(); !errors.Is(extra, io.EOF) {
			err = errors.New("more than one value")
		}
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", maxOrder)}
	case err != nil:
		return &refusal{http.StatusBadRequest, "decode body: " + err.Error()}
	}
	return nil
}
