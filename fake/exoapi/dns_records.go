package exoapi

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

const (
	defaultTTL  = 3600 // seconds
	maxContent  = 4096 // characters
	maxName     = 253  // characters of a name with its domain
	maxPriority = 65535
)

// A dnsRecord is one record of a domain.
type dnsRecord struct {
	id, name, kind   string // the name is empty at the top of the domain
	content          string // of the start of authority, empty: it follows from the domain
	ttl              int    // seconds
	priority         *int
	system           bool // nobody may change it
	created, updated string
}

type dnsRecordView struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Type      string `json:"type"`
	Content   string `json:"content"`
	TTL       int    `json:"ttl"`
	Priority  *int   `json:"priority,omitempty"`
	System    bool   `json:"system-record"`
	CreatedAt string `json:"created-at"`
	UpdatedAt string `json:"updated-at"`
}

func (v *dnsRecord) view(d *dnsDomain) dnsRecordView {
	content := v.content
	if v.kind == "SOA" {
		content = d.authority("")
	}
	return dnsRecordView{v.id, v.name, v.kind, content, v.ttl, v.priority, v.system, v.created, v.updated}
}

// authority is the content of the start of authority; end is what names end
// with.
func (d *dnsDomain) authority(end string) string {
	return fmt.Sprintf("ns1.exoscale.ch%[1]s hostmaster.exoscale.ch%[1]s %[2]d 86400 7200 604800 300", end, d.changes+1)
}

// zoneLine is the record in the format of zone files, where names of other
// domains end with a dot.
func (v *dnsRecord) zoneLine(d *dnsDomain) string {
	name, content := v.name, v.content
	if name == "" {
		name = "@"
	}
	switch v.kind {
	case "SOA":
		content = d.authority(".")
	case "CNAME", "NS", "MX", "SRV", "ALIAS", "POOL":
		content += "."
	}
	if v.kind == "MX" || v.kind == "SRV" {
		priority := 0
		if v.priority != nil {
			priority = *v.priority
		}
		content = strconv.Itoa(priority) + " " + content
	}
	return fmt.Sprintf("%s %d IN %s %s", name, v.ttl, v.kind, content)
}

func (s *dnsDomains) record(r *request) (*dnsDomain, *dnsRecord, error) {
	d, err := s.named(r)
	if err != nil {
		return nil, nil, err
	}
	v := d.records.Get(r.params["record-id"])
	if v == nil {
		return nil, nil, wire.NotFound("record of DNS domain "+d.id, r.params["record-id"])
	}
	return d, v, nil
}

// changeableRecord refuses records that the name servers need.
func (s *dnsDomains) changeableRecord(r *request) (*dnsDomain, *dnsRecord, error) {
	d, v, err := s.record(r)
	if err == nil && v.system {
		err = wire.Forbidden("%s record %s of DNS domain %s is a system record", v.kind, v.id, d.name)
	}
	return d, v, err
}

func (s *dnsDomains) getRecord(r *request) (any, error) {
	d, v, err := s.record(r)
	if err != nil {
		return nil, err
	}
	return v.view(d), nil
}

func (s *dnsDomains) listRecords(r *request) (any, error) {
	d, err := s.named(r)
	if err != nil {
		return nil, err
	}
	views := make([]dnsRecordView, 0, d.records.Len())
	for v := range d.records.All() {
		views = append(views, v.view(d))
	}
	return wire.List("dns-domain-records", views), nil
}

func (s *dnsDomains) createRecord(r *request) (any, error) {
	d, err := s.named(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.Require("name", "type", "content")
	v := dnsRecord{id: s.world.IDs.UUID(), ttl: defaultTTL, created: s.world.Timestamp()}
	f.OneOf("type", &v.kind, "A", "AAAA", "ALIAS", "CAA", "CNAME", "HINFO", "MX", "NAPTR", "NS", "POOL", "SRV", "SSHFP", "TXT", "URL")
	v.read(f, 0)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.saveRecord(r, d, &v, v)
}

func (s *dnsDomains) updateRecord(r *request) (any, error) {
	d, v, err := s.changeableRecord(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed := *v
	changed.read(f, 1)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.saveRecord(r, d, v, changed)
}

// read reads what can be given at creation and changed later, when the least
// priority is another.
func (v *dnsRecord) read(f *wire.Fields, leastPriority int) {
	f.RefuseNull()
	if f.Has("name") {
		f.Text("name", &v.name, 0, wire.MaxText)
		if v.name == "@" {
			v.name = ""
		}
		if v.name != "" && !validName(strings.TrimPrefix(v.name, "*.")) && v.name != "*" {
			f.Reject("name must be empty or a host name")
		}
	}
	f.Integer("ttl", &v.ttl, 1, math.MaxInt32)
	if f.Has("priority") {
		v.priority = new(int)
		f.Integer("priority", v.priority, leastPriority, maxPriority)
	}
	var content string
	if f.Text("content", &content, 1, maxContent); content == "" {
		return
	}
	normalized, expected := normalizeContent(v.kind, content)
	if expected != "" {
		f.Reject("content of type %s must be %s", v.kind, expected)
		return
	}
	v.content = normalized
}

// fits refuses a record that contradicts another one of its domain.
func (d *dnsDomain) fits(v *dnsRecord) error {
	if v.name == "" && (v.kind == "CNAME" || v.kind == "NS") {
		return wire.Invalid("bad request: a record of type %s needs a name below %s", v.kind, d.name)
	}
	// The name of the domain was checked when it came in.
	if origin, _ := idna.ToASCII(d.name); v.name != "" && len(v.name)+1+len(origin) > maxName {
		return wire.Invalid("bad request: name and domain must not have more than %d characters together", maxName)
	}
	for other := range d.records.All() {
		if other.id == v.id || !strings.EqualFold(other.name, v.name) {
			continue
		}
		if other.kind == "CNAME" || v.kind == "CNAME" {
			return wire.Conflict("a CNAME record must be the only one of its name, and %q has one of type %s", v.name, other.kind)
		}
		if other.kind == v.kind && other.content == v.content {
			return wire.Conflict("a record of type %s and name %q with this content already exists", v.kind, v.name)
		}
	}
	return nil
}

// saveRecord gives a record, which may be new, the fields of a changed copy.
func (s *dnsDomains) saveRecord(r *request, d *dnsDomain, v *dnsRecord, changed dnsRecord) (any, error) {
	if err := d.fits(&changed); err != nil {
		return nil, err
	}
	changed.updated = s.world.Timestamp()
	return s.setRecord(r, d, v.id, func() {
		*v = changed
		if d.records.Get(v.id) == nil {
			d.records.Add(v.id, v)
		}
	}), nil
}

func (s *dnsDomains) deleteRecord(r *request) (any, error) {
	d, v, err := s.changeableRecord(r)
	if err != nil {
		return nil, err
	}
	return s.setRecord(r, d, v.id, func() { d.records.Remove(v.id) }), nil
}

// setRecord accepts a change of a record that is done at once.
func (s *dnsDomains) setRecord(r *request, d *dnsDomain, id string, act func()) world.OperationView {
	return s.world.Set(r.operationID, s.kind+"/"+d.id+"/record", id, func() {
		act()
		d.changes++
	})
}
