package world

import (
	"cmp"
	"slices"
)

// A Resource declares one kind of resource. It is all that the world knows of
// the kind; any field but Kind may be left out.
type Resource struct {
	// Kind is the name in the API's paths, such as "elastic-ip"; of what is
	// below another resource, with that one's: "sks-cluster/nodepool".
	Kind string
	// Noun is what the API's operations call one; the Kind if empty.
	Noun string
	// Quotas limit how many there may be, or how much of something they take.
	Quotas []*Quota
	// Unread says that no call reads a single one, so that operations have none
	// to name.
	Unread bool
	// Name returns the name of the one with an id, for policies. It may be empty;
	// false if there is none.
	Name func(id string) (name string, ok bool)
	// User names one of this kind that uses another resource and will stay,
	// such as "instance 1234"; nothing if none does.
	User func(id string) string
	// Forget drops references to a resource of another kind that is going
	// away.
	Forget func(id string)
	// Inventory lists what users have made and what is not gone yet.
	Inventory func(Inventory)
	// Sync brings the driver up to date, when something may have changed. It
	// runs often and should do nothing at once if nothing did.
	Sync func()
	// Close removes from the driver what runs.
	Close func()
}

// Register declares kinds of resources. Their order is that in which users are
// looked for and drivers are brought up to date; it is reversed for closing.
func (w *World) Register(resources ...Resource) {
	w.resources = append(w.resources, resources...)
	for _, r := range resources {
		for _, q := range r.Quotas {
			w.limits[q.Name] = q.Limit
		}
	}
}

// noun returns what operations call a resource of a kind, and whether one of them
// reads a single one.
func (w *World) noun(kind string) (noun string, read bool) {
	for i := range w.resources {
		if r := &w.resources[i]; r.Kind == kind {
			return cmp.Or(r.Noun, kind), !r.Unread
		}
	}
	return kind, true
}

// NameOf returns the name of a resource of a kind, or of what operations call
// so; false if there is none.
func (w *World) NameOf(kind, id string) (name string, ok bool) {
	for i := range w.resources {
		if r := &w.resources[i]; (r.Kind == kind || r.Noun == kind) && r.Name != nil {
			return r.Name(id)
		}
	}
	return "", false
}

// UserOf names a resource that uses the one with an id and will stay, or
// nothing.
func (w *World) UserOf(id string) string {
	for i := range w.resources {
		if r := &w.resources[i]; r.User != nil {
			if user := r.User(id); user != "" {
				return user
			}
		}
	}
	return ""
}

// Forget makes all kinds drop their references to a resource that is going
// away.
func (w *World) Forget(id string) {
	for i := range w.resources {
		if f := w.resources[i].Forget; f != nil {
			f(id)
		}
	}
}

// An Inventory lists resources by kind, each as its name and id.
type Inventory map[string][]string

// Add puts an entry into the list of its kind.
func (v Inventory) Add(kind, name, id string) { v[kind] = append(v[kind], name+" "+id) }

// Inventory lists what users have made, sorted by name. Kinds of which there
// is nothing are left out.
func (w *World) Inventory() Inventory {
	found := Inventory{}
	for i := range w.resources {
		if f := w.resources[i].Inventory; f != nil {
			f(found)
		}
	}
	for _, entries := range found {
		slices.Sort(entries)
	}
	return found
}
