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

// maxCommand is more than any command needs, in bytes.
const maxCommand = 4 << 10

// A statusError is an error with its HTTP status.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string { return e.text }

func (p *page) load(w http.ResponseWriter, r *http.Request) {
	p.execute(w, r, func(ctx context.Context) error {
		var command struct {
			Clients *int `json:"clients"`
		}
		if p.controls.SetClients == nil {
			return &statusError{http.StatusNotFound, "the load cannot be set in this run"}
		}
		if err := decode(w, r, &command); err != nil {
			return err
		}
		if command.Clients == nil || *command.Clients < 0 || *command.Clients > p.controls.MaxClients {
			return &statusError{
				http.StatusUnprocessableEntity,
				fmt.Sprintf("clients must be a number from 0 to %d", p.controls.MaxClients),
			}
		}
		return p.controls.SetClients(ctx, *command.Clients)
	})
}

func (p *page) kill(w http.ResponseWriter, r *http.Request) {
	p.execute(w, r, func(ctx context.Context) error {
		var command struct {
			Member string `json:"member"`
		}
		if p.controls.Kill == nil {
			return &statusError{http.StatusNotFound, "members cannot be deleted in this run"}
		}
		if err := decode(w, r, &command); err != nil {
			return err
		}
		if !p.hasMember(command.Member) {
			return &statusError{http.StatusUnprocessableEntity, "member must be the name of a member of the pool"}
		}
		return p.controls.Kill(ctx, command.Member)
	})
}

func (p *page) hasMember(member string) bool {
	s := p.hub.State().Snapshot
	return s != nil && slices.ContainsFunc(s.Pool.Members, func(m Member) bool { return m.Name == member })
}

// execute answers 202 when the command was accepted: its effect shows in the
// snapshots.
func (p *page) execute(w http.ResponseWriter, r *http.Request, command func(context.Context) error) {
	err := command(r.Context())
	var refused *statusError
	switch {
	case err == nil:
		p.respond(w, http.StatusAccepted, map[string]string{})
	case errors.As(err, &refused):
		p.respond(w, refused.status, map[string]string{"error": refused.text})
	default:
		p.logger.WarnContext(r.Context(), "a command of the page failed", "path", r.URL.Path, "err", err)
		p.respond(w, http.StatusConflict, map[string]string{"error": err.Error()})
	}
}

func (p *page) respond(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.logger.Debug("response to the page failed", "err", err)
	}
}

// decode reads one JSON object of known fields. The content type is required
// because a form of another web page cannot send it.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &statusError{http.StatusUnsupportedMediaType, "send Content-Type: application/json"}
	}
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxCommand))
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
		return &statusError{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", maxCommand)}
	case err != nil:
		return &statusError{http.StatusBadRequest, "decode body: " + err.Error()}
	}
	return nil
}
