package exoapi

import (
	"cmp"
	"net/url"
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// A template is an image that instances are made from: one of the catalog's, or
// the organization's own.
type template struct {
	ID              string `json:"id"`
	Name            string `json:"name"`
	Description     string `json:"description,omitempty"`
	Family          string `json:"family,omitempty"`
	Version         string `json:"version,omitempty"`
	Build           string `json:"build,omitempty"`
	Maintainer      string `json:"maintainer,omitempty"`
	DefaultUser     string `json:"default-user,omitempty"`
	Visibility      string `json:"visibility"`
	CreatedAt       string `json:"created-at"`
	Size            int64  `json:"size"` // bytes
	BootMode        string `json:"boot-mode"`
	Checksum        string `json:"checksum"`
	URL             string `json:"url,omitempty"`
	SSHKeyEnabled   bool   `json:"ssh-key-enabled"`
	PasswordEnabled bool   `json:"password-enabled"`
	Consistent      bool   `json:"application-consistent-snapshot-enabled"`

	zones     []string // of an own one; those of the catalog are in all
	image     string   // the template of the catalog that machines start from; empty for itself
	imageUser string   // the default user of that image
	pending   bool     // it is being registered, so nobody sees it
}

const maxURL = 4096 // characters

// templates are the organization's own, each in the zones that it was registered in
// or copied to, and those of the catalog. Their images are not looked at.
type templates struct {
	collection[template]

	catalog   *catalog
	snapshots *snapshots
	timing    Timing
}

func newTemplates(w *world.World, catalog *catalog, timing Timing) *templates {
	s := &templates{catalog: catalog, timing: timing}
	s.collection = collection[template]{
		world: w, kind: "template", label: "template",
		quota: &world.Quota{Name: "template", Limit: 20},
		name:  func(t *template) string { return t.Name },
		view:  func(t *template) any { return t },
		uses: func(t *template) []world.Use {
			return []world.Use{{Item: s.kind, Quantity: float64(t.Size) / gib * float64(len(t.zones))}}
		},
	}
	return s
}

func (s *templates) declare() resource {
	return s.collection.declare(
		get("/template", "list-templates", s.list),
		post("/template", "register-template", s.register),
		get("/template/{id}", "get-template", s.get),
		put("/template/{id}", "update-template", s.update),
		post("/template/{id}", "copy-template", s.copy),
		del("/template/{id}", "delete-template", s.delete),
	)
}

// machineImage names the template that machines start from.
func (t *template) machineImage() string { return cmp.Or(t.image, t.Name) }

// descend makes machines of an own template start from what another one starts from.
func (t *template) descend(from *template) {
	t.image, t.imageUser = from.machineImage(), cmp.Or(from.DefaultUser, from.imageUser)
}

// in reports whether an own template is there in a zone.
func (t *template) in(zone string) bool { return !t.pending && slices.Contains(t.zones, zone) }

// lookup finds a template that instances of a zone can be made from.
func (s *templates) lookup(zone, id string) (*template, error) {
	if t := s.catalog.templateByID(id); t != nil {
		return t, nil
	}
	if t := s.Get(id); t != nil && t.in(zone) {
		return t, nil
	}
	return nil, s.catalog.noTemplate(id)
}

// own finds the template that the path names, unless it is of the catalog.
func (s *templates) own(r *request) (*template, error) {
	t, err := s.lookup(r.zone, r.id())
	if err == nil && len(t.zones) == 0 {
		err = wire.Forbidden("template %s is not one of the organization's own", t.ID)
	}
	return t, err
}

func (s *templates) get(r *request) (any, error) {
	t, err := s.lookup(r.zone, r.id())
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (s *templates) list(r *request) (any, error) {
	visibility, family := r.query.Get("visibility"), r.query.Get("family")
	if visibility != "" && visibility != visibilityPublic && visibility != visibilityPrivate {
		return nil, wire.Invalid("bad request: visibility must be public or private")
	}
	found := slices.Clone(s.catalog.templates)
	for t := range s.All() {
		if t.in(r.zone) {
			found = append(found, *t)
		}
	}
	found = slices.DeleteFunc(found, func(t template) bool {
		return visibility != "" && t.Visibility != visibility || family != "" && t.Family != family
	})
	return wire.List("templates", found), nil
}

// register makes a template of an image at an address. It is not fetched, but what
// this cloud exported itself must have the right checksum.
func (s *templates) register(r *request) (any, error) {
	f := r.fields()
	f.RefuseNull()
	f.Require("name", "url", "checksum", "ssh-key-enabled", "password-enabled")
	t := s.newOwn(r)
	size := 0
	f.Text("name", &t.Name, 1, wire.MaxText)
	f.Text("description", &t.Description, 0, wire.MaxText)
	f.Text("version", &t.Version, 1, wire.MaxText)
	f.Text("build", &t.Build, 1, wire.MaxText)
	f.Text("maintainer", &t.Maintainer, 1, wire.MaxText)
	f.Text("default-user", &t.DefaultUser, 1, wire.MaxText)
	f.Text("checksum", &t.Checksum, 1, wire.MaxText)
	f.Text("url", &t.URL, 1, maxURL)
	f.OneOf("boot-mode", &t.BootMode, bootLegacy, bootUEFI)
	f.Boolean("ssh-key-enabled", &t.SSHKeyEnabled)
	f.Boolean("password-enabled", &t.PasswordEnabled)
	f.Boolean("application-consistent-snapshot-enabled", &t.Consistent)
	f.Integer("size", &size, 1, maxDisk*gib)
	if u, err := url.Parse(t.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		f.Reject("url must be an address of HTTP or HTTPS")
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	problem := ""
	if n := s.snapshots.exportedTo(t.URL); n != nil {
		t.Size = int64(n.size) * gib
		t.descend(n.template)
		if t.Checksum != n.checksum {
			problem = "the image does not have the checksum " + t.Checksum
		}
	}
	if size > 0 {
		t.Size = int64(size)
	}
	return s.begin(r, t, problem)
}

// newOwn returns an own template, which is not kept yet.
func (s *templates) newOwn(r *request) *template {
	return &template{
		ID: s.world.IDs.UUID(), zones: []string{r.zone}, Visibility: visibilityPrivate, CreatedAt: s.world.Timestamp(),
		Size: 10 * gib, BootMode: bootLegacy,
	}
}

// begin keeps a template, which is there in the end unless there is a problem.
func (s *templates) begin(r *request, t *template, problem string) (any, error) {
	if err := s.checkQuota(r, 1); err != nil {
		return nil, err
	}
	t.pending = true
	return s.change(r, t.ID, func(op *world.Operation) {
		s.Add(t.ID, t)
		s.world.After(s.timing.Snapshot, func() {
			if problem != "" {
				s.Remove(t.ID)
				s.world.Fail(op, "incorrect", problem)
				return
			}
			t.pending = false
			s.world.Succeed(op)
		})
	})
}

func (s *templates) update(r *request) (any, error) {
	t, err := s.own(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.RefuseNull()
	name, description := t.Name, t.Description
	f.Text("name", &name, 1, wire.MaxText)
	f.Text("description", &description, 0, wire.MaxText)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.set(r, t.ID, func() { t.Name, t.Description = name, description })
}

// copy makes a template available in another zone. It keeps its id: the original's
// Packer plugin deletes a template once, and relies on that in all zones.
func (s *templates) copy(r *request) (any, error) {
	t, err := s.own(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.Require("target-zone")
	target := ""
	if o := f.Object("target-zone"); o != nil {
		o.Require("name")
		o.OneOf("name", &target, s.catalog.zones...)
		o.ID("id", new(string))
		o.IgnoredText("api-endpoint")
		o.IgnoredText("sos-endpoint")
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if t.in(target) {
		return nil, wire.Invalid("bad request: template %s is in zone %s", t.ID, target)
	}
	return s.change(r, t.ID, func(op *world.Operation) {
		s.world.After(s.timing.Snapshot, func() {
			switch {
			case s.Get(t.ID) != t:
				s.world.Fail(op, "not-found", "template "+t.ID+" was deleted")
				return
			case !t.in(target): // else another copy came first
				t.zones = append(t.zones, target)
				s.meter(t.ID, t)
			}
			s.world.Succeed(op)
		})
	})
}

// delete removes a template from all zones. It leaves the instances and pools that
// were made from it as they are.
func (s *templates) delete(r *request) (any, error) {
	t, err := s.own(r)
	if err != nil {
		return nil, err
	}
	return s.set(r, t.ID, func() { s.Remove(t.ID) })
}
