package exoapi

import (
	"net/mail"
	"strings"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// A user is a person who may log on to the original's website. Nobody can here,
// so an invited one stays pending.
type user struct {
	id, email, role string // the role by its id
	initial         bool   // the one that the organization began with
}

type userView struct {
	ID        string      `json:"id"`
	Email     string      `json:"email"`
	Role      userRoleRef `json:"role"`
	Pending   bool        `json:"pending"`
	SSO       bool        `json:"sso"`
	TwoFactor bool        `json:"two-factor-authentication"`
}

type userRoleRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type users struct {
	collection[user]

	roles *roles
}

func newUsers(w *world.World, roles *roles) *users {
	s := &users{roles: roles}
	s.collection = collection[user]{
		world: w, kind: "user", label: "user",
		name: func(u *user) string { return u.email },
		view: s.viewOf,
	}
	first := &user{id: world.FixedID("user/owner"), email: "owner@example.com", role: ownerRoleID(), initial: true}
	s.Add(first.id, first)
	return s
}

func (s *users) declare() resource {
	d := s.collection.declare(
		get("/user", "list-users", s.list),
		post("/user", "create-user", s.create),
		put("/user/{id}", "update-user-role", s.update),
		del("/user/{id}", "delete-user", s.delete),
	)
	d.service, d.Unread = serviceIAM, true
	d.User = func(id string) string {
		for u := range s.All() {
			if u.role == id {
				return "user " + u.id
			}
		}
		return ""
	}
	d.Inventory = func(found world.Inventory) {
		for u := range s.All() {
			if !u.initial {
				found.Add(s.kind, u.email, u.id)
			}
		}
	}
	return d
}

func (s *users) viewOf(u *user) any {
	v := userView{ID: u.id, Email: u.email, Role: userRoleRef{ID: u.role}, Pending: !u.initial}
	if o := s.roles.Get(u.role); o != nil {
		v.Role.Name = o.name
	}
	return v
}

// changeable refuses to take the rights of the user that the organization began
// with.
func (s *users) changeable(r *request) (*user, error) {
	u, err := s.named(r)
	if err == nil && u.initial {
		err = wire.Forbidden("user %s is the owner of the organization", u.id)
	}
	return u, err
}

// readRole reads the role of a user, of which only the id counts.
func (s *users) readRole(f *wire.Fields, zone string, to *string) {
	var id string
	if f.Ref("role", &id); id == "" {
		return
	}
	if _, err := s.roles.find(zone, id); err != nil {
		f.Fail(err)
	}
	*to = id
}

func (s *users) create(r *request) (any, error) {
	f := r.fields()
	f.Require("email", "role")
	u := &user{id: s.world.IDs.UUID()}
	f.Text("email", &u.email, 1, wire.MaxText)
	if parsed, err := mail.ParseAddress(u.email); err != nil || parsed.Address != u.email {
		f.Reject("email must be an address such as a@example.com")
	}
	u.email = strings.ToLower(u.email)
	s.readRole(f, r.zone, &u.role)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := s.unique(r.zone, u.email, nil); err != nil {
		return nil, err
	}
	return s.set(r, u.id, func() { s.Add(u.id, u) })
}

func (s *users) update(r *request) (any, error) {
	u, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	role := u.role
	s.readRole(f, r.zone, &role)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.set(r, u.id, func() { u.role = role })
}

func (s *users) delete(r *request) (any, error) {
	u, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	return s.set(r, u.id, func() { s.Remove(u.id) })
}
