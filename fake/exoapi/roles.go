package exoapi

import (
	"math"
	"slices"
)

// A role is what API keys are for.
type role struct {
	id, name    string
	description string
	editable    bool // its policy, that is
	owner       bool // of the organization: may do everything, for ever
	labels      map[string]string
	permissions []string
	policy      *policy
	assume      []policyRule // who may assume it; kept, as nobody can
	sessionTTL  int          // seconds; zero if it was not given
}

type roleView struct {
	ID            string            `json:"id"`
	Name          string            `json:"name"`
	Description   string            `json:"description,omitempty"`
	Editable      bool              `json:"editable"`
	Labels        map[string]string `json:"labels"`
	Permissions   []string          `json:"permissions"`
	Policy        *policy           `json:"policy"`
	AssumePolicy  *assumePolicy     `json:"assume-role-policy,omitempty"`
	MaxSessionTTL int               `json:"max-session-ttl,omitempty"`
}

type assumePolicy struct {
	Rules []policyRule `json:"rules"`
}

// maxRoleName is shorter than that of other names.
const maxRoleName = 191

func iamRoutes() []*route {
	getKey := get("/api-key/{id}", "get-api-key", getAPIKey)
	deleteKey := del("/api-key/{id}", "delete-api-key", deleteAPIKey)
	getKey.word, deleteKey.word = true, true
	return []*route{
		get("/iam-role", "list-iam-roles", listRoles),
		post("/iam-role", "create-iam-role", createRole),
		get("/iam-role/{id}", "get-iam-role", getRole),
		put("/iam-role/{id}", "update-iam-role", updateRole),
		del("/iam-role/{id}", "delete-iam-role", deleteRole),
		put("/iam-role/{id}:policy", "update-iam-role-policy", updateRolePolicy),
		post("/iam-role/{id}/assume", "assume-iam-role", nil),
		get("/iam-organization-policy", "get-iam-organization-policy", getOrgPolicy),
		put("/iam-organization-policy", "update-iam-organization-policy", updateOrgPolicy),
		post("/iam-organization-policy:reset", "reset-iam-organization-policy", resetOrgPolicy),
		get("/api-key", "list-api-keys", listAPIKeys),
		post("/api-key", "create-api-key", createAPIKey),
		getKey,
		deleteKey,
	}
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
	if v.Labels == nil {
		v.Labels = map[string]string{}
	}
	if o.assume != nil {
		v.AssumePolicy = &assumePolicy{o.assume}
	}
	return v
}

// permits reports whether the role has a permission, which are named after what
// they allow beside all policies.
func (o *role) permits(permission string) bool { return slices.Contains(o.permissions, permission) }

func listRoles(r *request) (any, error) {
	var views []roleView
	for o := range r.world.roles.all() {
		views = append(views, o.view())
	}
	return list("iam-roles", views), nil
}

func (r *request) role() (*role, error) {
	if o := r.world.roles.get(r.id()); o != nil {
		return o, nil
	}
	return nil, notFound("IAM role", r.id())
}

// ownRole finds a role that may be changed.
func (r *request) ownRole() (*role, error) {
	o, err := r.role()
	if err == nil && o.owner {
		err = forbidden("IAM role %s is the owner's and cannot be changed", o.id)
	}
	return o, err
}

func getRole(r *request) (any, error) {
	o, err := r.role()
	if err != nil {
		return nil, err
	}
	return o.view(), nil
}

// read reads what can be given at creation and changed later.
func (o *role) read(w *world, f *fields) {
	f.refuseNull()
	f.text("description", &o.description, 1, maxText)
	f.labels(&o.labels)
	f.integer("max-session-ttl", &o.sessionTTL, 1, math.MaxInt32)
	if assume := f.object("assume-role-policy"); assume != nil {
		o.assume = append([]policyRule{}, w.readPolicyRules(assume)...)
	}
	permissions := o.permissions
	f.texts("permissions", &permissions)
	for i, p := range permissions {
		switch {
		case p != "bypass-governance-retention" && p != "reset-iam-organization-policy":
			f.reject("permissions must be bypass-governance-retention or reset-iam-organization-policy")
		case slices.Contains(permissions[:i], p):
			f.reject("permissions names %s twice", p)
		}
	}
	o.permissions = permissions
}

func createRole(r *request) (any, error) {
	w, f := r.world, r.fields()
	f.require("name")
	o := &role{id: w.ids.uuid(), editable: true, policy: permissive()}
	f.text("name", &o.name, 1, maxRoleName)
	f.boolean("editable", &o.editable)
	o.read(w, f)
	if given := f.object("policy"); given != nil {
		o.policy = w.readPolicy(given)
	}
	if err := f.problem(); err != nil {
		return nil, err
	}
	for other := range w.roles.all() {
		if other.name == o.name {
			return nil, conflict("IAM role %s already exists", o.name)
		}
	}
	return r.set("iam-role", o.id, func() { w.roles.add(o.id, o) })
}

func updateRole(r *request) (any, error) {
	o, err := r.ownRole()
	if err != nil {
		return nil, err
	}
	f := r.fields()
	changed := *o
	changed.read(r.world, f)
	if err := f.problem(); err != nil {
		return nil, err
	}
	return r.set("iam-role", o.id, func() {
		o.description, o.labels, o.permissions = changed.description, changed.labels, changed.permissions
		o.assume, o.sessionTTL = changed.assume, changed.sessionTTL
	})
}

func updateRolePolicy(r *request) (any, error) {
	o, err := r.ownRole()
	if err != nil {
		return nil, err
	}
	if !o.editable {
		return nil, forbidden("the policy of IAM role %s is not editable", o.id)
	}
	f := r.fields()
	changed := r.world.readPolicy(f)
	if err := f.problem(); err != nil {
		return nil, err
	}
	return r.set("iam-role", o.id, func() { o.policy = changed })
}

func deleteRole(r *request) (any, error) {
	o, err := r.ownRole()
	if err != nil {
		return nil, err
	}
	for k := range r.world.apiKeys.all() {
		if k.role == o {
			return nil, conflict("IAM role %s is in use by API key %s", o.id, k.key)
		}
	}
	return r.set("iam-role", o.id, func() { r.world.roles.remove(o.id) })
}

func getOrgPolicy(r *request) (any, error) { return r.world.orgPolicy, nil }

func updateOrgPolicy(r *request) (any, error) {
	f := r.fields()
	changed := r.world.readPolicy(f)
	if err := f.problem(); err != nil {
		return nil, err
	}
	return r.setOrgPolicy(changed)
}

func resetOrgPolicy(r *request) (any, error) { return r.setOrgPolicy(permissive()) }

func (r *request) setOrgPolicy(p *policy) (any, error) {
	w := r.world
	return r.set("iam-organization-policy", w.orgID, func() { w.orgPolicy = p })
}
