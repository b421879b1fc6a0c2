package grafanaserver

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// NewToken makes a service account with a role, such as Editor, and returns a token
// of it.
func (s *Server) NewToken(ctx context.Context, name, role string) (string, error) {
	type object = map[string]any
	var account struct{ ID int }
	if err := s.call(ctx, http.MethodPost, "/api/serviceaccounts", object{"name": name, "role": role}, &account); err != nil {
		return "", err
	}
	var token struct{ Key string }
	err := s.call(ctx, http.MethodPost, fmt.Sprintf("/api/serviceaccounts/%d/tokens", account.ID), object{"name": name}, &token)
	return token.Key, err
}

// An Annotation is a mark in the graphs of dashboards.
type Annotation struct {
	At   time.Time
	Text string
	Tags []string
}

// Annotations returns those that have all of these tags, newest first, as a
// dashboard asks for them.
func (s *Server) Annotations(ctx context.Context, tags []string, limit int) ([]Annotation, error) {
	query := url.Values{"tags": tags, "type": {"annotation"}, "matchAny": {"false"}, "limit": {strconv.Itoa(limit)}}
	var answer []struct {
		Time int64
		Text string
		Tags []string
	}
	if err := s.call(ctx, http.MethodGet, "/api/annotations?"+query.Encode(), nil, &answer); err != nil {
		return nil, err
	}
	list := make([]Annotation, 0, len(answer))
	for _, a := range answer {
		list = append(list, Annotation{time.UnixMilli(a.Time), a.Text, a.Tags})
	}
	return list, nil
}
