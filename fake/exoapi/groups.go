package exoapi

import (
	"net/netip"
	"slices"
)

// A securityGroup is a set of firewall rules. The emulator keeps them; a driver
// that is [infra.Firewall] enforces them.
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
	ID            string     `json:"id"`
	Description   string     `json:"description,omitempty"`
	FlowDirection string     `json:"flow-direction"`
	Protocol      string     `json:"protocol"`
	Network       string     `json:"network,omitempty"`
	StartPort     int        `json:"start-port,omitempty"`
	EndPort       int        `json:"end-port,omitempty"`
	ICMP          *icmp      `json:"icmp,omitempty"`
	Group         *groupView `json:"security-group,omitempty"`
}

type icmp struct {
	Type *int `json:"type,omitempty"`
	Code *int `json:"code,omitempty"`
}

type groupView struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Visibility string `json:"visibility"`
}

type securityGroupView struct {
	groupView

	Description string   `json:"description"`
	Sources     []string `json:"external-sources"`
	Rules       []rule   `json:"rules"`
}

func (g *securityGroup) ref() groupView { return groupView{g.id, g.name, g.visibility} }

func (g *securityGroup) view() securityGroupView {
	return securityGroupView{
		groupView:   g.ref(),
		Description: g.description,
		Sources:     append([]string{}, g.sources...),
		Rules:       append([]rule{}, g.rules...),
	}
}

const (
	visibilityPrivate = "private"
	visibilityPublic  = "public"
)

// addStandardGroups adds the groups that every organization has.
func (w *world) addStandardGroups() {
	var checkers []string
	if w.firewall != nil {
		for _, p := range w.firewall.HealthcheckSources() {
			checkers = append(checkers, p.String())
		}
	}
	for _, g := range []*securityGroup{
		{id: w.ids.uuid(), name: "default", visibility: visibilityPrivate, standard: true},
		{
			id: fixedID("group/nlb"), name: "public-nlb-healthcheck-sources", visibility: visibilityPublic, standard: true,
			sources: checkers,
		},
	} {
		w.groups.add(g.id, g)
	}
}

func listGroups(r *request) (any, error) {
	visibility := r.query.Get("visibility")
	if visibility != "" && visibility != visibilityPrivate && visibility != visibilityPublic {
		return nil, invalid("bad request: visibility must be public or private")
	}
	// Public groups belong to the provider and are listed on request only.
	if visibility == "" {
		visibility = visibilityPrivate
	}
	var views []securityGroupView
	for g := range r.world.groups.all() {
		if g.visibility == visibility {
			views = append(views, g.view())
		}
	}
	return list("security-groups", views), nil
}

func (r *request) group() (*securityGroup, error) {
	if g := r.world.groups.get(r.id()); g != nil {
		return g, nil
	}
	return nil, notFound("security group", r.id())
}

// ownGroup finds a group that the organization may change.
func (r *request) ownGroup() (*securityGroup, error) {
	g, err := r.group()
	if err == nil && g.visibility == visibilityPublic {
		err = forbidden("security group %s is public and cannot be changed", g.id)
	}
	return g, err
}

func getGroup(r *request) (any, error) {
	g, err := r.group()
	if err != nil {
		return nil, err
	}
	return g.view(), nil
}

func createGroup(r *request) (any, error) {
	f := r.fields()
	f.require("name")
	g := &securityGroup{id: r.world.ids.uuid(), visibility: visibilityPrivate}
	f.text("name", &g.name, 1, maxText)
	f.text("description", &g.description, 0, maxText)
	if err := f.problem(); err != nil {
		return nil, err
	}
	for other := range r.world.groups.all() {
		if other.name == g.name {
			return nil, conflict("security group %s already exists", g.name)
		}
	}
	return r.set("security-group", g.id, func() { r.world.groups.add(g.id, g) })
}

func deleteGroup(r *request) (any, error) {
	g, err := r.ownGroup()
	if err != nil {
		return nil, err
	}
	if user := r.world.inUse(g.id); user != "" {
		return nil, conflict("security group %s is in use by %s", g.id, user)
	}
	for other := range r.world.groups.all() {
		uses := func(u rule) bool { return u.Group != nil && u.Group.ID == g.id }
		if other != g && slices.ContainsFunc(other.rules, uses) {
			return nil, conflict("security group %s is in use by a rule of %s", g.id, other.id)
		}
	}
	return r.set("security-group", g.id, func() { r.world.groups.remove(g.id) })
}

func addSource(r *request) (any, error) {
	return r.changeSources(func(sources []string, cidr string) []string {
		if slices.Contains(sources, cidr) {
			return sources
		}
		return append(slices.Clone(sources), cidr)
	})
}

func removeSource(r *request) (any, error) {
	return r.changeSources(func(sources []string, cidr string) []string {
		return slices.DeleteFunc(slices.Clone(sources), func(s string) bool { return s == cidr })
	})
}

func (r *request) changeSources(edit func(sources []string, cidr string) []string) (any, error) {
	g, err := r.ownGroup()
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.require("cidr")
	var cidr string
	f.network("cidr", &cidr)
	if err := f.problem(); err != nil {
		return nil, err
	}
	return r.set("security-group", g.id, func() {
		g.sources = edit(g.sources, cidr)
		r.world.unguard()
	})
}

// network reads a CIDR and keeps its text as it is.
func (f *fields) network(key string, to *string) {
	f.text(key, to, 1, maxText)
	if _, err := netip.ParsePrefix(*to); err != nil {
		f.reject("%s%s must be an address range in CIDR notation", f.path, key)
	}
}

func attachGroup(r *request) (any, error) {
	return r.changeMembership(func(groups []ref, g ref) []ref {
		if slices.Contains(groups, g) {
			return groups
		}
		return append(slices.Clone(groups), g)
	})
}

func detachGroup(r *request) (any, error) {
	return r.changeMembership(func(groups []ref, g ref) []ref {
		return slices.DeleteFunc(slices.Clone(groups), func(other ref) bool { return other == g })
	})
}

func (r *request) changeMembership(edit func(groups []ref, g ref) []ref) (any, error) {
	g, err := r.group()
	if err != nil {
		return nil, err
	}
	f := r.fields()
	f.require("instance")
	var id string
	f.ref("instance", &id)
	if err := f.problem(); err != nil {
		return nil, err
	}
	i, err := r.world.instance(r.zone, id)
	if err != nil {
		return nil, err
	}
	return r.set("security-group", g.id, func() {
		i.groups = edit(i.groups, ref{g.id})
		i.listed = nil
		r.world.unguard()
	})
}
