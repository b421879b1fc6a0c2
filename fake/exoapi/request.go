package exoapi

import (
	"cmp"
	"errors"
	"net/url"
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

// A request is a verified call of an emulated operation. Handlers run with
// the world locked, so they may use all of it.
type request struct {
	operationID string
	kind        string // of what the path names
	zone        string
	key         string // that signed the request; empty if none need to
	sourceIP    string
	params      map[string]string // from the path
	query       parameters
	body        []byte

	read    []*wire.Fields // what handlers read the body with
	assumed []wire.Assumption
}

// id returns what the path names a resource by: a UUID in lower case, except
// where the API uses names.
func (r *request) id() string { return cmp.Or(r.params["id"], r.params["name"], r.params["domain-id"]) }

// fields reads the body.
func (r *request) fields() *wire.Fields {
	f := wire.ParseFields(r.body)
	r.read = append(r.read, f)
	return f
}

// assume notes an assumption that the answer rests on. Refusals carry theirs; see
// [wire.Assuming].
func (r *request) assume(a wire.Assumption) { r.assumed = append(r.assumed, a) }

// met returns the assumptions that a call met, each once.
func (r *request) met(err error) []string {
	all := r.assumed
	if refusal := new(wire.Error); errors.As(err, &refusal) && refusal.Assumption != "" {
		all = append(all, refusal.Assumption)
	}
	var texts []string
	for _, a := range all {
		if !slices.Contains(texts, string(a)) {
			texts = append(texts, string(a))
		}
	}
	return texts
}

// unread returns the fields of the body and the parameters of the query that
// nobody read. A body that is read more than once counts as one.
func (r *request) unread() []string {
	list := r.query.unread()
	if len(r.read) == 0 {
		return append(list, wire.ParseFields(r.body).Unread()...)
	}
	fields := r.read[0].Unread()
	for _, other := range r.read[1:] {
		also := other.Unread()
		fields = slices.DeleteFunc(fields, func(f string) bool { return !slices.Contains(also, f) })
	}
	return append(list, fields...)
}

// parameters are those of a query. They remember which of them were read.
type parameters struct {
	url.Values

	read map[string]bool
}

// Get returns a parameter, or nothing.
func (p *parameters) Get(name string) string {
	if p.read == nil {
		p.read = map[string]bool{}
	}
	p.read[name] = true
	return p.Values.Get(name)
}

func (p *parameters) unread() []string {
	var names []string
	for name := range p.Values {
		if !p.read[name] {
			names = append(names, "?"+name)
		}
	}
	slices.Sort(names)
	return names
}
