package exoapi

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

// A Route is one operation of the API.
type Route struct {
	Method      string
	Path        string // below /v2, with {parameters}
	OperationID string
	Emulated    bool // false: it answers 501
}

// A handler answers an operation. Its error is a [wire.Error].
type handler func(*request) (any, error)

type route struct {
	Route
	open    bool   // needs no signature
	word    bool   // its id is a word, not a UUID
	kind    string // of what its id names; empty: the first segment of its path
	partial bool   // FaultPartialList may cut its answer, a [wire.EncodedList], short
	// permission reports that a role's permission of the operation's name allows
	// it, whatever the policies say.
	permission bool
	handle     handler
	reason     string // why it is not emulated, if there is more to say
	service    string // of policies
	segments   []segment
}

func get(path, id string, h handler) *route { return newRoute(http.MethodGet, path, id, h) }

func post(path, id string, h handler) *route { return newRoute(http.MethodPost, path, id, h) }

func put(path, id string, h handler) *route { return newRoute(http.MethodPut, path, id, h) }

func del(path, id string, h handler) *route { return newRoute(http.MethodDelete, path, id, h) }

// newRoute makes a route; one without a handler answers 501.
func newRoute(method, path, id string, h handler) *route {
	return &route{Route: Route{method, path, id, h != nil}, handle: h}
}

// key names the route.
func (r *route) key() string { return r.Method + " " + r.Path }

// A segment is one part of a path: a literal, or a parameter which an
// action may follow, as in "{id}:scale".
type segment struct{ literal, param, action string }

func parseSegment(s string) segment {
	name, found := strings.CutPrefix(s, "{")
	if !found {
		return segment{literal: s}
	}
	name, action, _ := strings.Cut(name, "}")
	return segment{param: name, action: action}
}

// match returns the parameter's value; a literal has none.
func (s segment) match(part string) (value string, ok bool) {
	if s.param == "" {
		return "", part == s.literal
	}
	value, ok = strings.CutSuffix(part, s.action)
	// What follows a colon is an action, never part of a value.
	return value, ok && value != "" && !strings.Contains(value, ":")
}

// A router finds routes by method, length and first segment.
type router struct {
	all   []*route
	index map[routeKey][]*route
}

type routeKey struct {
	method, first string
	length        int
}

// newRouter collects the routes of all resources, in the order of their paths.
func newRouter(resources []resource) *router {
	rt := &router{index: map[routeKey][]*route{}}
	for _, declared := range resources {
		for _, r := range declared.routes {
			r.service = cmp.Or(declared.service, serviceCompute)
			rt.all = append(rt.all, r)
		}
	}
	slices.SortStableFunc(rt.all, func(a, b *route) int { return strings.Compare(a.Path, b.Path) })
	for _, r := range rt.all {
		parts := strings.Split(strings.TrimPrefix(r.Path, "/"), "/")
		for _, p := range parts {
			r.segments = append(r.segments, parseSegment(p))
		}
		key := routeKey{r.Method, parts[0], len(parts)}
		rt.index[key] = append(rt.index[key], r)
	}
	return rt
}

// find returns the route of an escaped path below /v2 and the values of its
// parameters, or nil.
func (rt *router) find(method, escapedPath string) (*route, map[string]string) {
	parts := strings.Split(strings.TrimPrefix(escapedPath, "/"), "/")
	for i := range parts {
		part, err := url.PathUnescape(parts[i])
		if err != nil {
			return nil, nil
		}
		parts[i] = part
	}
	for _, r := range rt.index[routeKey{method, parts[0], len(parts)}] {
		if params, ok := r.match(parts); ok {
			return r, params
		}
	}
	return nil, nil
}

// byKey returns the route with a key, or nil.
func (rt *router) byKey(key string) *route {
	i := slices.IndexFunc(rt.all, func(r *route) bool { return r.key() == key })
	if i < 0 {
		return nil
	}
	return rt.all[i]
}

func (r *route) match(parts []string) (params map[string]string, ok bool) {
	for i, s := range r.segments {
		value, ok := s.match(parts[i])
		if !ok {
			return nil, false
		}
		if s.param != "" {
			if params == nil {
				params = map[string]string{}
			}
			params[s.param] = value
		}
	}
	return params, true
}

// checkIDs brings the path's ids into lower case. What is called id is one,
// except where the API identifies things by a word.
func (r *route) checkIDs(params map[string]string) error {
	for name, value := range params {
		if r.word || name != "id" && !strings.HasSuffix(name, "-id") {
			continue
		}
		id, ok := wire.ParseID(value)
		if !ok {
			return wire.Invalid("bad request: %q is not a UUID", value)
		}
		params[name] = id
	}
	return nil
}
