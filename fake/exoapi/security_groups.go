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
	standard    bool // every organization has it
	sources     []string
	rules       []rule
}

// A rule is echoed exactly as it was given: clients find theirs by comparing
// all of it.
type rule struct {
	ID            string    `json:"id"`
	Description   string    `json:"description,omitempty"`
	FlowDirection string    `json:"flow-direction"`
	Protocol      string    `json:"protocol"`
	Network       string    `json:"network,omitempty"`
	StartPort     int       `json:"start-port,omitempty"`
	EndPort       int       `json:"end-port,omitempty"`
	ICMP          *icmp     `json:"icmp,omitempty"`
	Group         *groupRef `json:"security-group,omitempty"`
}

type icmp struct {
	Type *int `json:"type,omitempty"`
	Code *int `json:"code,omitempty"`
}

type groupRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type securityGroupView struct {
	groupRef

	Visibility  string   `json:"visibility"`
	Description string   `json:"description"`
	Sources     []string `json:"external-sources,omitempty"`
	Rules       []rule   `json:"rules,omitempty"`
}

func (g *securityGroup) ref() groupRef { return groupRef{g.id, g.name} }

func (g *securityGroup) view() securityGroupView {
	return securityGroupView{
		groupRef:    g.ref(),
		Visibility:  g.visibility,
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
		about := func(u rule) bool { return u.Group != nil && u.Group.ID == id }
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
		if !g.standard {
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

// addStandard adds the groups that every organization has.
func (s *securityGroups) addStandard() {
	checkers := []string{"127.0.0.1/32"} // what is on this host is checked from there
	if s.firewall != nil {
		sources := s.firewall.HealthcheckSources()
		checkers = make([]string, len(sources))
		for i, p := range sources {
			checkers[i] = p.String()
		}
	}
	for _, g := range []*securityGroup{
		{id: s.world.IDs.UUID(), name: "default", visibility: visibilityPrivate, standard: true},
		{
			id: world.FixedID("group/nlb"), name: "public-nlb-healthcheck-sources", visibility: visibilityPublic, standard: true,
			sources: checkers,
		},
	} {
		s.Add(g.id, g)
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

// changeable finds a group that the organization may change.
func (s *securityGroups) changeable(r *request) (*securityGroup, error) {
	g, err := s.named(r)
	if err == nil && g.visibility == visibilityPublic {
		err = wire.Forbidden("security group %s is public and cannot be changed", g.id)
	}
	return g, err
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
	g, err := s.changeable(r)
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
	g, err := s.changeable(r)
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
		i.securityGroups = edit(i.securityGroups, wire.Ref{ID: g.id})
		i.encoded = nil
		s.changed()
	})
}
