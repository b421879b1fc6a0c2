package exoapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// The catalog is what the provider offers; it never changes.
type catalog struct {
	zones     []string
	endpoint  func(zone string) string
	types     []driverapi.InstanceType
	templates []template
	nodes     []template // of nodes of Kubernetes; no list shows them
}

const (
	mib = 1 << 20
	gib = 1 << 30
)

// newCatalog makes the catalog; more names templates besides those that it has.
func newCatalog(zones []string, endpoint func(zone string) string, more []string) *catalog {
	c := &catalog{
		zones: zones, endpoint: endpoint, types: instanceTypes(zones), templates: publicTemplates(), nodes: nodeTemplates(),
	}
	for _, name := range more {
		if c.templateByName(name) == nil {
			family := familyOf(name)
			row := templateRow{name: name, family: family, user: family, created: "2026-01-14T09:00:00Z"}
			c.templates = append(c.templates, newTemplate(row))
		}
	}
	return c
}

// familyOf guesses what a template is made from. Its default user has that name.
func familyOf(name string) string {
	for family := range strings.FieldsSeq(strings.ToLower(name)) {
		if slices.Contains([]string{"debian", "ubuntu", "rockylinux", "fedora"}, family) {
			return family
		}
	}
	return "debian"
}

func (c *catalog) typeByID(id string) *driverapi.InstanceType {
	i := slices.IndexFunc(c.types, func(t driverapi.InstanceType) bool { return t.ID == id })
	if i < 0 {
		return nil
	}
	return &c.types[i]
}

func (c *catalog) templateByID(id string) *template {
	for _, list := range [][]template{c.templates, c.nodes} {
		if i := slices.IndexFunc(list, func(t template) bool { return t.ID == id }); i >= 0 {
			return &list[i]
		}
	}
	return nil
}

func (c *catalog) templateByName(name string) *template {
	i := slices.IndexFunc(c.templates, func(t template) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return &c.templates[i]
}

// names returns the names of all templates.
func (c *catalog) names() []string {
	names := make([]string, 0, len(c.templates))
	for _, t := range c.templates {
		names = append(names, t.Name)
	}
	return names
}

// noTemplate answers that a template is not there, and which are.
func (c *catalog) noTemplate(id string) error {
	return &wire.Error{
		Status:  http.StatusNotFound,
		Message: "template " + id + " not found; there are " + strings.Join(c.names(), ", "),
	}
}

type zoneView struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	APIEndpoint string `json:"api-endpoint"`
	SOSEndpoint string `json:"sos-endpoint"`
}

func (c *catalog) declare() resource {
	zones := get("/zone", "list-zones", c.listZones)
	zones.open = true
	return resource{routes: []*route{
		zones,
		get("/instance-type", "list-instance-types", c.listTypes),
		get("/instance-type/{id}", "get-instance-type", c.getType),
		get("/deploy-target", "list-deploy-targets", listDeployTargets),
		get("/deploy-target/{id}", "get-deploy-target", getDeployTarget),
	}}
}

func (c *catalog) listZones(*request) (any, error) {
	views := make([]zoneView, 0, len(c.zones))
	for _, name := range c.zones {
		views = append(views, zoneView{world.FixedID("zone/" + name), name, c.endpoint(name), "https://sos-" + name + ".exo.io"})
	}
	return wire.List("zones", views), nil
}

func (c *catalog) listTypes(*request) (any, error) {
	return wire.List("instance-types", c.types), nil
}

func (c *catalog) getType(r *request) (any, error) {
	t := c.typeByID(r.id())
	if t == nil {
		return nil, wire.NotFound("instance type", r.id())
	}
	return t, nil
}

// listDeployTargets answers that there are none, as for most organizations.
func listDeployTargets(*request) (any, error) {
	return wire.List[struct{}]("deploy-targets", nil), nil
}

func getDeployTarget(r *request) (any, error) { return nil, wire.NotFound("deploy target", r.id()) }
