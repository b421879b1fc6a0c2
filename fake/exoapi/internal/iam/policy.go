package iam

import (
	"cel.dev/cel-go/cel"

	"github.com/exopool/exopool/fake/exoapi/internal/wire"
)

// A Policy says what the keys of a role may do, service by service.
type Policy struct {
	Strategy string                    `json:"default-service-strategy"`
	Services map[string]*servicePolicy `json:"services"`
}

type servicePolicy struct {
	Type  string `json:"type"`
	Rules []Rule `json:"rules,omitempty"`
}

// A Rule allows or denies a call if its expression is true.
type Rule struct {
	Action     string   `json:"action"`
	Expression string   `json:"expression"`
	Resources  []string `json:"resources,omitempty"` // kept, but not used

	program cel.Program
}

const (
	policyAllow = "allow"
	policyDeny  = "deny"
	policyRules = "rules"
)

// Permissive is the policy of roles that were given none.
func Permissive() *Policy {
	return &Policy{Strategy: policyAllow, Services: map[string]*servicePolicy{}}
}

// IsPermissive reports whether the policy allows everything.
func (p *Policy) IsPermissive() bool { return p.Strategy == policyAllow && len(p.Services) == 0 }

// maxExpression is how long an expression may be; the original's limit is not
// published.
const maxExpression = 8192

// ReadPolicy reads a policy and compiles its expressions, so that a request
// costs no more than their evaluation.
func (c *Compiler) ReadPolicy(f *wire.Fields) *Policy {
	f.RefuseNull()
	f.Require("default-service-strategy", "services")
	p := Permissive()
	f.OneOf("default-service-strategy", &p.Strategy, policyAllow, policyDeny)
	services := f.Object("services")
	if services == nil {
		return p
	}
	for _, name := range services.Keys() {
		if o := services.Object(name); o != nil {
			p.Services[name] = c.readServicePolicy(o)
		}
	}
	return p
}

func (c *Compiler) readServicePolicy(f *wire.Fields) *servicePolicy {
	f.RefuseNull()
	f.Require("type")
	s := &servicePolicy{}
	f.OneOf("type", &s.Type, policyRules, policyAllow, policyDeny)
	s.Rules = c.ReadRules(f)
	return s
}

// ReadRules reads the rules of an object and compiles their expressions.
func (c *Compiler) ReadRules(f *wire.Fields) []Rule {
	f.RefuseNull()
	var rules []Rule
	list, _ := f.Objects("rules")
	for _, o := range list {
		o.RefuseNull()
		o.Require("action", "expression")
		var rule Rule
		o.OneOf("action", &rule.Action, policyAllow, policyDeny)
		o.Text("expression", &rule.Expression, 1, maxExpression)
		o.Texts("resources", &rule.Resources)
		if o.Err() != nil {
			return nil
		}
		var err error
		if rule.program, err = c.compile(rule.Expression); err != nil {
			o.Reject("%sexpression: %v", o.Path, err)
		}
		rules = append(rules, rule)
	}
	return rules
}

// Allows decides about a call to a service. The first rule whose expression is
// true decides; one that cannot be evaluated is passed over. If none does, the
// call is refused, whatever the default.
func (p *Policy) Allows(service string, bindings map[string]any) bool {
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
