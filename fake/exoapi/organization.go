package exoapi

import (
	"github.com/exopool/exopool/fake/exoapi/internal/iam"
	"github.com/exopool/exopool/fake/exoapi/internal/world"
)

// An organization owns everything. Its policy holds for all keys but the
// owner's.
type organization struct {
	world    *world.World
	policies *iam.Compiler
	id       string
	policy   *iam.Policy
}

type organizationView struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Address  string  `json:"address"`
	City     string  `json:"city"`
	Country  string  `json:"country"`
	Postcode string  `json:"postcode"`
	Currency string  `json:"currency"`
	Balance  float64 `json:"balance"`
}

func newOrganization(w *world.World, policies *iam.Compiler) *organization {
	return &organization{world: w, policies: policies, id: w.IDs.UUID(), policy: iam.Permissive()}
}

func (o *organization) declare() resource {
	return resource{routes: []*route{get("/organization", "get-organization", o.get)}}
}

func (o *organization) declarePolicy() resource {
	reset := post("/iam-organization-policy:reset", "reset-iam-organization-policy", o.resetPolicy)
	reset.permission = true
	return resource{
		Resource: world.Resource{
			Kind: policyKind,
			Inventory: func(found world.Inventory) {
				if !o.policy.IsPermissive() {
					found.Add(policyKind, o.policy.Strategy, o.id)
				}
			},
		},
		service: serviceIAM,
		routes: []*route{
			get("/iam-organization-policy", "get-iam-organization-policy", o.getPolicy),
			put("/iam-organization-policy", "update-iam-organization-policy", o.updatePolicy),
			reset,
		},
	}
}

const policyKind = "iam-organization-policy"

func (o *organization) getPolicy(*request) (any, error) { return o.policy, nil }

func (o *organization) updatePolicy(r *request) (any, error) {
	f := r.fields()
	changed := o.policies.ReadPolicy(f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return o.setPolicy(r, changed)
}

func (o *organization) resetPolicy(r *request) (any, error) { return o.setPolicy(r, iam.Permissive()) }

func (o *organization) setPolicy(r *request, p *iam.Policy) (any, error) {
	return o.world.Set(r.operationID, policyKind, o.id, func() { o.policy = p }), nil
}

func (o *organization) get(*request) (any, error) {
	return organizationView{
		ID: o.id, Name: "Emulated organization", Address: "Loopback 1",
		City: "Vienna", Country: "AT", Postcode: "1010", Currency: "EUR",
	}, nil
}
