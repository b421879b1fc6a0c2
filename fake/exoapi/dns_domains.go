package exoapi

import (
	"slices"
	"strings"

	"golang.org/x/net/idna"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// A dnsDomain holds records. No name server serves them.
type dnsDomain struct {
	id, name string // the name is in Unicode
	created  string
	changes  int // of records, for the serial number
	records  world.Store[dnsRecord]
}

type dnsDomainView struct {
	ID          string `json:"id"`
	UnicodeName string `json:"unicode-name"`
	CreatedAt   string `json:"created-at"`
}

type zoneFileView struct {
	ZoneFile string `json:"zone-file"`
}

type dnsDomains struct{ collection[dnsDomain] }

func newDNSDomains(w *world.World) *dnsDomains {
	return &dnsDomains{collection[dnsDomain]{
		world: w, kind: "dns-domain", label: "DNS domain",
		name: func(d *dnsDomain) string { return d.name },
		view: func(d *dnsDomain) any { return dnsDomainView{d.id, d.name, d.created} },
	}}
}

func (s *dnsDomains) declare() resource {
	d := s.collection.declare(
		get("/dns-domain", "list-dns-domains", s.list),
		post("/dns-domain", "create-dns-domain", s.create),
		get("/dns-domain/{id}", "get-dns-domain", s.get),
		del("/dns-domain/{id}", "delete-dns-domain", s.delete),
		get("/dns-domain/{id}/zone", "get-dns-domain-zone-file", s.zoneFile),
		get("/dns-domain/{domain-id}/record", "list-dns-domain-records", s.listRecords),
		post("/dns-domain/{domain-id}/record", "create-dns-domain-record", s.createRecord),
		get("/dns-domain/{domain-id}/record/{record-id}", "get-dns-domain-record", s.getRecord),
		put("/dns-domain/{domain-id}/record/{record-id}", "update-dns-domain-record", s.updateRecord),
		del("/dns-domain/{domain-id}/record/{record-id}", "delete-dns-domain-record", s.deleteRecord),
	)
	d.service = serviceDNS
	d.Inventory = s.inventory
	return d
}

// inventory leaves out the records that no user made.
func (s *dnsDomains) inventory(found world.Inventory) {
	for d := range s.All() {
		found.Add(s.kind, d.name, d.id)
		for v := range d.records.All() {
			if !v.system {
				found.Add("record", strings.TrimPrefix(v.name+"."+d.name, "."), v.id)
			}
		}
	}
}

// readDomainName reads a domain name in Unicode or Punycode and returns it in
// Unicode.
func readDomainName(f *wire.Fields, key string) string {
	f.Require(key)
	var given string
	f.Text(key, &given, 1, wire.MaxText)
	profile := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))
	ascii, err := profile.ToASCII(given)
	if err == nil && strings.Contains(ascii, ".") && !strings.HasSuffix(ascii, ".") {
		var name string
		if name, err = profile.ToUnicode(ascii); err == nil {
			return name
		}
	}
	f.Reject("%s must be a domain name of at least two labels", key)
	return ""
}

func (s *dnsDomains) create(r *request) (any, error) {
	f := r.fields()
	d := &dnsDomain{id: s.world.IDs.UUID(), created: s.world.Timestamp()}
	d.name = readDomainName(f, "unicode-name")
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := s.unique(r.zone, d.name, nil); err != nil {
		return nil, err
	}
	return s.set(r, d.id, func() {
		s.addSystemRecords(d)
		s.Add(d.id, d)
	})
}

// addSystemRecords adds the records that no user can change.
func (s *dnsDomains) addSystemRecords(d *dnsDomain) {
	add := func(kind, content string) {
		v := &dnsRecord{
			id: s.world.IDs.UUID(), kind: kind, content: content, ttl: defaultTTL, system: true,
			created: d.created, updated: d.created,
		}
		d.records.Add(v.id, v)
	}
	add("SOA", "")
	for _, top := range []string{"ch", "com", "io", "net"} {
		add("NS", "ns1.exoscale."+top)
	}
}

// zoneFile answers with the records as name servers read them. Types that are
// none of the DNS are comments.
func (s *dnsDomains) zoneFile(r *request) (any, error) {
	d, err := s.named(r)
	if err != nil {
		return nil, err
	}
	// The name was checked when it came in.
	origin, _ := idna.ToASCII(d.name)
	var text strings.Builder
	text.WriteString("$ORIGIN " + origin + ".\n")
	for v := range d.records.All() {
		if slices.Contains([]string{"ALIAS", "POOL", "URL"}, v.kind) {
			text.WriteString("; ")
		}
		text.WriteString(v.zoneLine(d) + "\n")
	}
	return zoneFileView{text.String()}, nil
}
