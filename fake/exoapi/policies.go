package exoapi

import (
	"maps"
	"slices"

	"cel.dev/cel-go/cel"
)

// A policy says what the keys of a role may do, service by service.
type policy struct {
	Strategy string                    `json:"default-service-strategy"`
	Services map[string]*servicePolicy `json:"services"`
}

type servicePolicy struct {
	Type  string       `json:"type"`
	Rules []policyRule `json:"rules,omitempty"`
}

type policyRule struct {
	Action     string   `json:"action"`
	Expression string   `json:"expression"`
	Resources  []string `json:"resources,omitempty"` // kept, but not looked at

	program cel.Program
}

const (
	policyAllow = "allow"
	policyDeny  = "deny"
	policyRules = "rules"
)

// permissive is the policy of roles that were given none.
func permissive() *policy {
	return &policy{Strategy: policyAllow, Services: map[string]*servicePolicy{}}
}

// maxExpression is how long an expression may be; the original's limit is not
// published.
const maxExpression = 8192

// readPolicy reads a policy and compiles its expressions, so that a request
// costs no more than their evaluation.
func (w *world) readPolicy(f *fields) *policy {
	f.refuseNull()
	f.require("default-service-strategy", "services")
	p := permissive()
	f.oneOf("default-service-strategy", &p.Strategy, policyAllow, policyDeny)
	services := f.object("services")
	if services == nil {
		return p
	}
	for _, name := range slices.Sorted(maps.Keys(services.values)) {
		if o := services.object(name); o != nil {
			p.Services[name] = w.readServicePolicy(o)
		}
	}
	return p
}

func (w *world) readServicePolicy(f *fields) *servicePolicy {
	f.refuseNull()
	f.require("type")
	s := &servicePolicy{}
	f.oneOf("type", &s.Type, policyRules, policyAllow, policyDeny)
	s.Rules = w.readPolicyRules(f)
	return s
}

func (w *world) readPolicyRules(f *fields) []policyRule {
	f.refuseNull()
	var rules []policyRule
	list, _ := f.objects("rules")
	for _, o := range list {
		o.refuseNull()
		o.require("action", "expression")
		var rule policyRule
		o.oneOf("action", &rule.Action, policyAllow, policyDeny)
		o.text("expression", &rule.Expression, 1, maxExpression)
		o.texts("resources", &rule.Resources)
		if o.problem() != nil {
			return nil
		}
		var err error
		if rule.program, err = w.expressions.compile(rule.Expression); err != nil {
			o.reject("%sexpression: %v", o.path, err)
		}
		rules = append(rules, rule)
	}
	return rules
}

// allows decides about a call to a service. The first rule whose expression is
// true decides; one that cannot be evaluated is passed over. If none does, the
// call is refused, whatever the default.
func (p *policy) allows(service string, bindings map[string]any) bool {
	s := p.Services[service]
	if s == nil {
		return p.Strategy == policyAllow
	}
	if s.Type != policyRules {
		return s.Type == policyAllow
	}
	for _, rule := range s.Rules {
		if holds(rule.program, bindings) {
			return rule.Action == policyAllow
		}
	}
	return false
}
