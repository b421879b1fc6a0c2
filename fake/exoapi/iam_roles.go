package exoapi

import (
	"math"
	"slices"

	"github.com/exopool/exopool/fake/exoapi/internal/iam"
	"github.com/exopool/exopool/fake/exoapi/internal/wire"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// A role is what API keys are for.
type role struct {
	id, name    string
	description string
	editable    bool // its policy, that is
	owner       bool // of the organization: may always do everything
	labels      map[string]string
	permissions []string
	policy      *iam.Policy
	assume      []iam.Rule // who may assume it; kept, as roles cannot be assumed
	sessionTTL  int        // seconds; zero if it was not given
}

type roleView struct {
	ID            string            `json:"id"`
	Name          string            `json:"name"`
	Description   string            `json:"description,omitempty"`
	Editable      bool              `json:"editable"`
	Labels        map[string]string `json:"labels,omitempty"`
	Permissions   []string          `json:"permissions"`
	Policy        *iam.Policy       `json:"policy"`
	AssumePolicy  *assumePolicy     `json:"assume-role-policy,omitempty"`
	MaxSessionTTL int               `json:"max-session-ttl,omitempty"`
}

type assumePolicy struct {
	Rules []iam.Rule `json:"rules"`
}

// maxRoleName is shorter than that of other names.
const maxRoleName = 191

type roles struct {
	collection[role]

	policies *iam.Compiler
}

func newRoles(w *world.World, policies *iam.Compiler) *roles {
	return &roles{
		collection: collection[role]{
			world: w, kind: "iam-role", label: "IAM role",
			name: func(o *role) string { return o.name },
			view: func(o *role) any { return o.view() },
		},
		policies: policies,
	}
}

func (s *roles) declare() resource {
	d := s.collection.declare(
		get("/iam-role", "list-iam-roles", s.list),
		post("/iam-role", "create-iam-role", s.create),
		get("/iam-role/{id}", "get-iam-role", s.get),
		put("/iam-role/{id}", "update-iam-role", s.update),
		del("/iam-role/{id}", "delete-iam-role", s.delete),
		put("/iam-role/{id}:policy", "update-iam-role-policy", s.updatePolicy),
		post("/iam-role/{id}/assume", "assume-iam-role", nil),
	)
	d.service = serviceIAM
	d.Inventory = func(found world.Inventory) {
		for o := range s.All() {
			if !o.owner {
				found.Add(s.kind, o.name, o.id)
			}
		}
	}
	return d
}

func (o *role) view() roleView {
	v := roleView{
		ID:            o.id,
		Name:          o.name,
		Description:   o.description,
		Editable:      o.editable,
		Labels:        o.labels,
		Permissions:   append([]string{}, o.permissions...),
		Policy:        o.policy,
		MaxSessionTTL: o.sessionTTL,
	}
	if o.assume != nil {
		v.AssumePolicy = &assumePolicy{o.assume}
	}
	return v
}

// permits reports whether the role has a permission, which are named after what
// they allow beside all policies.
func (o *role) permits(permission string) bool { return slices.Contains(o.permissions, permission) }

// changeable finds a role that may be changed.
func (s *roles) changeable(r *request) (*role, error) {
	o, err := s.named(r)
	if err == nil && o.owner {
		err = wire.Forbidden("IAM role %s is the owner's and cannot be changed", o.id)
	}
	return o, err
}

// read reads what can be given at creation and changed later.
func (o *role) read(policies *iam.Compiler, f *wire.Fields) {
	f.RefuseNull()
	f.Text("description", &o.description, 1, wire.MaxText)
	f.Labels(&o.labels)
	f.Integer("max-session-ttl", &o.sessionTTL, 1, math.MaxInt32)
	if assume := f.Object("assume-role-policy"); assume != nil {
		o.assume = append([]iam.Rule{}, policies.ReadRules(assume)...)
	}
	permissions := o.permissions
	f.Texts("permissions", &permissions)
	for i, p := range permissions {
		switch {
		case p != "bypass-governance-retention" && p != "reset-iam-organization-policy":
			f.Reject("permissions must be bypass-governance-retention or reset-iam-organization-policy")
		case slices.Contains(permissions[:i], p):
			f.Reject("permissions names %s twice", p)
		}
	}
	o.permissions = permissions
}

func (s *roles) create(r *request) (any, error) {
	f := r.fields()
	f.Require("name")
	o := &role{id: s.world.IDs.UUID(), editable: true, policy: iam.Permissive()}
	f.Text("name", &o.name, 1, maxRoleName)
	f.Boolean("editable", &o.editable)
	o.read(s.policies, f)
	if given := f.Object("policy"); given != nil {
		o.policy = s.policies.ReadPolicy(given)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := s.unique(r.zone, o.name, nil); err != nil {
		return nil, err
	}
	return s.set(r, o.id, func() { s.Add(o.id, o) })
}

func (s *roles) update(r *request) (any, error) {
	o, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed := *o
	changed.read(s.policies, f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.set(r, o.id, func() {
		o.description, o.labels, o.permissions = changed.description, changed.labels, changed.permissions
		o.assume, o.sessionTTL = changed.assume, changed.sessionTTL
	})
}

func (s *roles) updatePolicy(r *request) (any, error) {
	o, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	if !o.editable {
		return nil, wire.Forbidden("the policy of IAM role %s is not editable", o.id)
	}
	f := r.fields()
	changed := s.policies.ReadPolicy(f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.set(r, o.id, func() { o.policy = changed })
}

func (s *roles) delete(r *request) (any, error) {
	o, err := s.changeable(r)
	if err != nil {
		return nil, err
	}
	return s.removeUnused(r, o.id)
}
