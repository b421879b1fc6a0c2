package exoapi

import (
	"log/slog"
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

// A securityGroup is a set of firewall rules. The emulator keeps them; a driver
// that is an [driverapi.Firewall] enforces them.
type securityGroup struct {
	id, name    string
	description string
	visibility  string
	sources     []string
	rules       []rule
}

// A rule is echoed exactly as it was given: clients find theirs by comparing
// all of it.
type rule struct {
	ID            string     `json:"id"`
	Description   string     `json:"description,omitempty"`
	FlowDirection string     `json:"flow-direction"`
	Protocol      string     `json:"protocol"`
	Network       string     `json:"network,omitempty"`
	StartPort     int        `json:"start-port,omitempty"`
	EndPort       int        `json:"end-port,omitempty"`
	ICMP          *icmp      `json:"icmp,omitempty"`
	Group         *groupView `json:"security-group,omitempty"`

	peer *securityGroup // that Group shows
}

type icmp struct {
	Type *int `json:"type,omitempty"`
	Code *int `json:"code,omitempty"`
}

// A groupView names a group. Public ones have no id: nobody can ask for them.
type groupView struct {
	ID         string `json:"id,omitempty"`
	Name       string `json:"name"`
	Visibility string `json:"visibility,omitempty"`
}

type securityGroupView struct {
	groupView

	Description string   `json:"description"`
	Sources     []string `json:"external-sources,omitempty"`
	Rules       []rule   `json:"rules,omitempty"`
}

// asPeer names a group in a rule about it, which says of public ones only that
// they are.
func (g *securityGroup) asPeer() *groupView {
	if g.visibility == visibilityPublic {
		return &groupView{Name: g.name, Visibility: g.visibility}
	}
	return &groupView{ID: g.id, Name: g.name}
}

func (g *securityGroup) view() securityGroupView {
	named := *g.asPeer()
	named.Visibility = g.visibility
	return securityGroupView{
		groupView:   named,
		Description: g.description,
		Sources:     slices.Clone(g.sources),
		Rules:       slices.Clone(g.rules),
	}
}

const (
	visibilityPrivate = "private"
	visibilityPublic  = "public"
)

type securityGroups struct {
	collection[securityGroup]

	standard  *securityGroup     // is everybody's who names no other; it may have been deleted
	firewall  driverapi.Firewall // nil if the driver enforces nothing
	stale     bool               // the firewall is out of date
	logger    *slog.Logger
	instances *instances
}

func newSecurityGroups(w *world.World, driver driverapi.Driver, logger *slog.Logger) *securityGroups {
	s := &securityGroups{
		collection: collection[securityGroup]{
			world: w, kind: "security-group", label: "security group",
			name: func(g *securityGroup) string { return g.name },
			view: func(g *securityGroup) any { return g.view() },
		},
		logger: logger,
	}
	s.firewall, _ = driver.(driverapi.Firewall)
	s.addStandard()
	s.changed()
	return s
}

func (s *securityGroups) declare() resource {
	d := s.collection.declare(
		get("/security-group", "list-security-groups", s.list),
		post("/security-group", "create-security-group", s.create),
		get("/security-group/{id}", "get-security-group", s.get),
		del("/security-group/{id}", "delete-security-group", s.delete),
		post("/security-group/{id}/rules", "add-rule-to-security-group", s.addRule),
		del("/security-group/{id}/rules/{rule-id}", "delete-rule-from-security-group", s.deleteRule),
		put("/security-group/{id}:add-source", "add-external-source-to-security-group", s.addSource),
		put("/security-group/{id}:remove-source", "remove-external-source-from-security-group", s.removeSource),
		put("/security-group/{id}:attach", "attach-instance-to-security-group", s.attach),
		put("/security-group/{id}:detach", "detach-instance-from-security-group", s.detach),
	)
	d.User = s.ruleAbout
	d.Inventory = s.inventory
	d.Sync = s.sync
	return d
}

// ruleAbout names a group with a rule about another group.
func (s *securityGroups) ruleAbout(id string) string {
	for g := range s.All() {
		about := func(u rule) bool { return u.peer != nil && u.peer.id == id }
		if g.id != id && slices.ContainsFunc(g.rules, about) {
			return "a rule of " + g.id
		}
	}
	return ""
}

// inventory leaves out the groups that every organization has, but not what
// was put into them, which is possible with those that are not public.
func (s *securityGroups) inventory(found world.Inventory) {
	for g := range s.All() {
		if g.visibility == visibilityPublic {
			continue
		}
		if g != s.standard {
			found.Add(s.kind, g.name, g.id)
		}
		for _, u := range g.rules {
			found.Add("rule", g.name, u.ID)
		}
		for _, cidr := range g.sources {
			found.Add("external-source", g.name, cidr)
		}
	}
}

// list answers with the groups of a visibility.
func (s *securityGroups) list(r *request) (any, error) {
	visibility := r.query.Get("visibility")
	if visibility != "" && visibility != visibilityPrivate && visibility != visibilityPublic {
		return nil, wire.Invalid("bad request: visibility must be public or private")
	}
	// Public groups belong to the provider and are listed on request only.
	if visibility == "" {
		visibility = visibilityPrivate
	}
	var views []securityGroupView
	for g := range s.All() {
		if g.visibility == visibility {
			views = append(views, g.view())
		}
	}
	return wire.List("security-groups", views), nil
}

// named finds the group that the path names, which no public one has a name
// for.
func (s *securityGroups) named(r *request) (*securityGroup, error) {
	g, err := s.collection.named(r)
	if err == nil && g.visibility == visibilityPublic {
		err = wire.NotFound(s.label, r.id())
	}
	return g, err
}

// get answers with the group that the path names.
func (s *securityGroups) get(r *request) (any, error) {
	g, err := s.named(r)
	if err != nil {
		return nil, err
	}
	return g.view(), nil
}

func (s *securityGroups) create(r *request) (any, error) {
	f := r.fields()
	f.Require("name")
	g := &securityGroup{id: s.world.IDs.UUID(), visibility: visibilityPrivate}
	f.Text("name", &g.name, 1, wire.MaxText)
	f.Text("description", &g.description, 0, wire.MaxText)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := s.unique(r.zone, g.name, nil); err != nil {
		return nil, err
	}
	return s.set(r, g.id, func() { s.Add(g.id, g) })
}

func (s *securityGroups) delete(r *request) (any, error) {
	g, err := s.named(r)
	if err != nil {
		return nil, err
	}
	return s.removeUnused(r, g.id)
}

func (s *securityGroups) addSource(r *request) (any, error) {
	return s.changeSources(r, func(sources []string, cidr string) []string {
		if slices.Contains(sources, cidr) {
			return sources
		}
		return append(slices.Clone(sources), cidr)
	})
}

func (s *securityGroups) removeSource(r *request) (any, error) {
	return s.changeSources(r, func(sources []string, cidr string) []string {
		return slices.DeleteFunc(slices.Clone(sources), func(other string) bool { return other == cidr })
	})
}

func (s *securityGroups) changeSources(r *request, edit func(sources []string, cidr string) []string) (any, error) {
	g, err := s.named(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.Require("cidr")
	var cidr string
	f.Network("cidr", &cidr)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.set(r, g.id, func() {
		g.sources = edit(g.sources, cidr)
		s.changed()
	})
}

func (s *securityGroups) attach(r *request) (any, error) {
	return s.changeMembership(r, func(groups []wire.Ref, g wire.Ref) []wire.Ref {
		if slices.Contains(groups, g) {
			return groups
		}
		return append(slices.Clone(groups), g)
	})
}

func (s *securityGroups) detach(r *request) (any, error) {
	return s.changeMembership(r, func(groups []wire.Ref, g wire.Ref) []wire.Ref {
		return slices.DeleteFunc(slices.Clone(groups), func(other wire.Ref) bool { return other == g })
	})
}

func (s *securityGroups) changeMembership(r *request, edit func(groups []wire.Ref, g wire.Ref) []wire.Ref) (any, error) {
	g, err := s.named(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.Require("instance")
	var id string
	f.Ref("instance", &id)
	if err := f.Err(); err != nil {
		return nil, err
	}
	i, err := s.instances.find(r.zone, id)
	if err != nil {
		return nil, err
	}
	return s.set(r, g.id, func() {
		before := len(i.securityGroups)
		if i.securityGroups = edit(i.securityGroups, wire.Ref{ID: g.id}); len(i.securityGroups) == before {
			r.assume(wire.AssumesAttachedAlready)
		}
		i.encoded = nil
		s.changed()
	})
}
