package wire

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Limits that many fields have in common.
const (
	MaxText = 255
	MaxPort = 65535
)

const (
	maxDomain    = 253 // characters of a domain name
	alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// A Ref names a resource.
type Ref struct {
	ID string `json:"id"`
}

// ParseID accepts the canonical form of a UUID only, in either case, and
// returns it in lower case.
func ParseID(s string) (string, bool) {
	if len(s) != 36 || uuid.Validate(s) != nil {
		return "", false
	}
	return strings.ToLower(s), true
}

// Alphanumeric reports whether a text consists of letters, digits and the
// given characters.
func Alphanumeric(s, others string) bool { return strings.Trim(s, alphanumeric+others) == "" }

// ID reads a UUID into its lower-case form.
func (f *Fields) ID(key string, to *string) {
	s, ok := Decode[string](f, key, "a UUID")
	if !ok {
		return
	}
	id, ok := ParseID(s)
	if !ok {
		f.Reject("%s%s must be a UUID", f.Path, key)
		return
	}
	*to = id
}

// Ref reads the id of a reference, which may be a whole object: only its id
// counts.
func (f *Fields) Ref(key string, to *string) {
	if o := f.Object(key); o != nil {
		o.readAll()
		o.Require("id")
		o.ID("id", to)
	}
}

// Refs reads an array of references to distinct resources. Null clears.
func (f *Fields) Refs(key string, to *[]Ref) {
	list, there := f.Objects(key)
	if !there {
		return
	}
	refs := make([]Ref, 0, len(list))
	for _, o := range list {
		o.readAll()
		o.Require("id")
		var id string
		o.ID("id", &id)
		if slices.Contains(refs, Ref{id}) {
			f.Reject("%s%s names %s twice", f.Path, key, id)
		}
		refs = append(refs, Ref{id})
	}
	*to = refs
}

// Hostname reads the label of a host name.
func (f *Fields) Hostname(key string, to *string, most int) {
	f.Text(key, to, 1, most)
	if !Alphanumeric(*to, "-") {
		f.Reject("%s%s must consist of letters, digits and '-'", f.Path, key)
	}
}

// Domain reads a domain name of at least two labels.
func (f *Fields) Domain(key string, to *string) {
	var name string
	f.Text(key, &name, 1, maxDomain)
	if name == "" {
		return
	}
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	valid := len(labels) >= 2
	for _, label := range labels {
		valid = valid && len(label) > 0 && len(label) <= 63 && Alphanumeric(label, "-")
	}
	if !valid {
		f.Reject("%s%s must be a domain name", f.Path, key)
		return
	}
	*to = name
}

// Network reads an address range in CIDR notation and keeps its text as it is.
func (f *Fields) Network(key string, to *string) {
	f.Text(key, to, 1, MaxText)
	if _, err := netip.ParsePrefix(*to); err != nil {
		f.Reject("%s%s must be an address range in CIDR notation", f.Path, key)
	}
}

// Address reads an IPv4 address.
func (f *Fields) Address(key string, to *netip.Addr) {
	text, ok := Decode[string](f, key, "an IPv4 address")
	if !ok {
		return
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is4() {
		f.Reject("%s%s must be an IPv4 address", f.Path, key)
		return
	}
	*to = addr
}
