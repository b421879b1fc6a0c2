package exoapi

import "strings"

// maxDomain is the longest domain name, in characters.
const maxDomain = 253

type reverseDNSView struct {
	DomainName string `json:"domain-name"`
}

func reverseDNSRoutes() []*route {
	return []*route{
		get("/reverse-dns/instance/{id}", "get-reverse-dns-instance", getInstancePointer),
		post("/reverse-dns/instance/{id}", "update-reverse-dns-instance", setInstancePointer),
		del("/reverse-dns/instance/{id}", "delete-reverse-dns-instance", deleteInstancePointer),
	}
}

// instancePointer is the reverse DNS record of the instance that the path
// names; it is empty without one.
func (r *request) instancePointer() (*string, error) {
	i, err := r.changeable()
	if err != nil {
		return nil, err
	}
	return &i.pointer, nil
}

func getInstancePointer(r *request) (any, error) {
	i, err := r.instance()
	if err != nil {
		return nil, err
	}
	return r.getPointer(&i.pointer, nil)
}

func setInstancePointer(r *request) (any, error) {
	if i, err := r.instance(); err == nil && !i.address.IsValid() && i.address6 == "" {
		return nil, invalid("bad request: instance %s has no public address", i.id)
	}
	return r.setPointer("reverse-dns/instance")(r.instancePointer())
}

func deleteInstancePointer(r *request) (any, error) {
	return r.deletePointer("reverse-dns/instance")(r.instancePointer())
}

// getPointer answers 404 where there is no record, which clients expect.
func (r *request) getPointer(pointer *string, err error) (any, error) {
	if err == nil && *pointer == "" {
		err = notFound("reverse DNS record of", r.id())
	}
	if err != nil {
		return nil, err
	}
	return reverseDNSView{*pointer}, nil
}

// setPointer keeps the name as it was given, with or without a final dot.
func (r *request) setPointer(resource string) func(*string, error) (any, error) {
	return func(pointer *string, err error) (any, error) {
		if err != nil {
			return nil, err
		}
		f := r.fields()
		f.require("domain-name")
		var name string
		f.domain("domain-name", &name)
		if err := f.problem(); err != nil {
			return nil, err
		}
		return r.set(resource, r.id(), func() { *pointer = name })
	}
}

func (r *request) deletePointer(resource string) func(*string, error) (any, error) {
	return func(pointer *string, err error) (any, error) {
		if _, err := r.getPointer(pointer, err); err != nil {
			return nil, err
		}
		return r.set(resource, r.id(), func() { *pointer = "" })
	}
}

// domain reads a domain name of at least two labels.
func (f *fields) domain(key string, to *string) {
	var name string
	f.text(key, &name, 1, maxDomain)
	if name == "" {
		return
	}
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	for _, label := range labels {
		if len(label) == 0 || len(label) > 63 || !validHostname(label) {
			labels = nil
			break
		}
	}
	if len(labels) < 2 {
		f.reject("%s%s must be a domain name", f.path, key)
		return
	}
	*to = name
}
