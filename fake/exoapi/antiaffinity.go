package exoapi

import "slices"

// An antiAffinityGroup keeps its instances on different hosts. Nothing here
// has hosts, so it only remembers them.
type antiAffinityGroup struct{ id, name, description string }

type antiAffinityView struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Instances   []ref  `json:"instances"`
}

func (w *world) antiAffinityView(g *antiAffinityGroup) antiAffinityView {
	v := antiAffinityView{g.id, g.name, g.description, []ref{}}
	for i := range w.instances.all() {
		if slices.Contains(i.spreads, ref{g.id}) {
			v.Instances = append(v.Instances, ref{i.id})
		}
	}
	return v
}

func listAntiAffinityGroups(r *request) (any, error) {
	var views []antiAffinityView
	for g := range r.world.spreads.all() {
		views = append(views, r.world.antiAffinityView(g))
	}
	return list("anti-affinity-groups", views), nil
}

func (r *request) antiAffinityGroup() (*antiAffinityGroup, error) {
	if g := r.world.spreads.get(r.id()); g != nil {
		return g, nil
	}
	return nil, notFound("anti-affinity group", r.id())
}

func getAntiAffinityGroup(r *request) (any, error) {
	g, err := r.antiAffinityGroup()
	if err != nil {
		return nil, err
	}
	return r.world.antiAffinityView(g), nil
}

func createAntiAffinityGroup(r *request) (any, error) {
	f := r.fields()
	f.require("name")
	g := &antiAffinityGroup{id: r.world.ids.uuid()}
	f.text("name", &g.name, 1, maxText)
	f.text("description", &g.description, 0, maxText)
	if err := f.problem(); err != nil {
		return nil, err
	}
	for other := range r.world.spreads.all() {
		if other.name == g.name {
			return nil, conflict("anti-affinity group %s already exists", g.name)
		}
	}
	return r.set("anti-affinity-group", g.id, func() { r.world.spreads.add(g.id, g) })
}

func deleteAntiAffinityGroup(r *request) (any, error) {
	g, err := r.antiAffinityGroup()
	if err != nil {
		return nil, err
	}
	if user := r.world.inUse(g.id); user != "" {
		return nil, conflict("anti-affinity group %s is in use by %s", g.id, user)
	}
	return r.set("anti-affinity-group", g.id, func() { r.world.spreads.remove(g.id) })
}
