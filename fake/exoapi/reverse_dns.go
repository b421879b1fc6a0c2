package exoapi

import (
	"strings"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// A reverseDNS answers the calls about the reverse DNS records of a kind of
// resource. A record is a text of the resource, empty without one.
type reverseDNS struct {
	world  *world.World
	kind   string
	find   func(*request) (*string, error)
	change func(*request) (*string, error) // as find, or why it must not change
	set    func(*request) (*string, error) // as change, or why there can be no record
}

type reverseDNSView struct {
	DomainName string `json:"domain-name"`
}

func (d *reverseDNS) routes() []*route {
	path := "/reverse-dns/" + d.kind + "/{id}"
	routes := []*route{
		get(path, "get-reverse-dns-"+d.kind, d.get),
		post(path, "update-reverse-dns-"+d.kind, d.update),
		del(path, "delete-reverse-dns-"+d.kind, d.delete),
	}
	for _, r := range routes {
		r.kind = d.kind
	}
	return routes
}

func (d *reverseDNS) get(r *request) (any, error) {
	record, err := existing(r)(d.find(r))
	if err != nil {
		return nil, err
	}
	return reverseDNSView{*record}, nil
}

// existing answers 404 where there is no record, which clients expect.
func existing(r *request) func(*string, error) (*string, error) {
	return func(record *string, err error) (*string, error) {
		if err == nil && *record == "" {
			err = wire.NotFound("reverse DNS record of", r.id())
		}
		return record, err
	}
}

// update gives a name its final dot.
func (d *reverseDNS) update(r *request) (any, error) {
	record, err := d.set(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.Require("domain-name")
	var name string
	f.Domain("domain-name", &name)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return d.write(r, record, strings.TrimSuffix(name, ".")+".")
}

func (d *reverseDNS) delete(r *request) (any, error) {
	record, err := existing(r)(d.change(r))
	if err != nil {
		return nil, err
	}
	return d.write(r, record, "")
}

func (d *reverseDNS) write(r *request, record *string, name string) (any, error) {
	return d.world.Set(r.operationID, "reverse-dns/"+d.kind, r.id(), func() { *record = name }), nil
}
