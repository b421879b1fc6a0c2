package exoapi

import (
	"cmp"
	"net/url"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

// A request is a verified call of an emulated operation. Handlers run with
// the world locked, so they may use all of it.
type request struct {
	operationID string
	kind        string // of what the path names: its first segment
	zone        string
	key         string // that signed the request; empty if none need to
	sourceIP    string
	params      map[string]string // from the path
	query       url.Values
	body        []byte
}

// id returns what the path names a resource by: a UUID in lower case, except
// where the API uses names.
func (r *request) id() string { return cmp.Or(r.params["id"], r.params["name"], r.params["domain-id"]) }

func (r *request) fields() *wire.Fields { return wire.ParseFields(r.body) }
