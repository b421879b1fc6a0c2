package preflight

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A likelihood is whether something is made.
type likelihood int

const (
	always likelihood = iota
	maybe
	never
)

// A scope is what the expressions of a module can refer to, as far as it is
// known without applying.
type scope struct {
	given     map[string]given // by the caller or the user
	variables map[string]cty.Value
	locals    map[string]hcl.Expression
	// arguments are the expressions that a call gives to the variables, in the
	// scope of the caller; nil for the root module.
	arguments map[string]hcl.Expression
	caller    *scope
	// decided are variables of the root module on which depends whether the module
	// is there at all.
	decided []string
}

// declare adds what the blocks of a module declare.
func (s *scope) declare(m *module) {
	s.variables, s.locals = map[string]cty.Value{}, map[string]hcl.Expression{}
	for _, b := range m.of("variable") {
		name := b.Labels[0]
		content, _, _ := b.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "type"}, {Name: "default"}}})
		var constraint hcl.Expression
		if a := content.Attributes["type"]; a != nil {
			constraint = a.Expr
		}
		value := given{value: cty.DynamicVal}
		if byUser, ok := s.given[name]; ok {
			value = byUser
		} else if byDefault := content.Attributes["default"]; byDefault != nil {
			if v, diags := byDefault.Expr.Value(nil); !diags.HasErrors() {
				value.value = v
			}
		}
		s.variables[name] = value.as(constraint)
	}
	for _, b := range m.of("locals") {
		attributes, _ := b.Body.JustAttributes()
		for name, a := range attributes {
			s.locals[name] = a.Expr
		}
	}
}

// inside returns the scope of a module that is called.
func (s *scope) inside(arguments, repeat hcl.Attributes) scope {
	called := scope{given: map[string]given{}, arguments: map[string]hcl.Expression{}, caller: s}
	for name, a := range arguments {
		called.arguments[name], called.given[name] = a.Expr, given{value: s.value(a.Expr, maxDepth)}
	}
	called.decided = append(slices.Clone(s.decided), s.roots(repeat)...)
	return called
}

// value evaluates an expression as far as possible; deep bounds how many locals
// refer to each other.
func (s *scope) value(expr hcl.Expression, deep int) cty.Value {
	locals := map[string]cty.Value{}
	for _, traversal := range expr.Variables() {
		name, ok := attributeOf(traversal, "local")
		if !ok {
			continue
		}
		locals[name] = cty.DynamicVal
		if local := s.locals[name]; local != nil && deep > 0 {
			locals[name] = s.value(local, deep-1)
		}
	}
	value, diags := expr.Value(&hcl.EvalContext{Variables: map[string]cty.Value{
		"var": cty.ObjectVal(maps.Clone(s.variables)), "local": cty.ObjectVal(locals),
	}})
	if diags.HasErrors() {
		return cty.DynamicVal
	}
	value, _ = value.UnmarkDeep()
	return value
}

// made reports whether something with these meta-arguments is made at all.
func (s *scope) made(attributes hcl.Attributes) likelihood {
	a := attributes["count"]
	if a == nil {
		a = attributes["for_each"]
	}
	if a == nil {
		return always
	}
	value := s.value(a.Expr, maxDepth)
	if !value.IsWhollyKnown() || value.IsNull() {
		return maybe
	}
	if a.Name == "for_each" {
		if value.CanIterateElements() && value.LengthInt() == 0 {
			return never
		}
		return always
	}
	number, err := convert.Convert(value, cty.Number)
	switch {
	case err != nil:
		return maybe
	case number.RawEquals(cty.Zero):
		return never
	}
	return always
}

// roots returns the names of the variables of the root module on which depends
// whether something is made.
func (s *scope) roots(attributes hcl.Attributes) (names []string) {
	for _, name := range []string{"count", "for_each"} {
		if a := attributes[name]; a != nil {
			names = append(names, s.rootsOf(a.Expr, maxDepth)...)
		}
	}
	return names
}

func (s *scope) rootsOf(expr hcl.Expression, deep int) (names []string) {
	if deep == 0 {
		return nil
	}
	for _, traversal := range expr.Variables() {
		if name, ok := attributeOf(traversal, "local"); ok && s.locals[name] != nil {
			names = append(names, s.rootsOf(s.locals[name], deep-1)...)
		}
		name, ok := attributeOf(traversal, "var")
		switch {
		case !ok:
		case s.caller == nil:
			names = append(names, name)
		case s.arguments[name] != nil:
			names = append(names, s.caller.rootsOf(s.arguments[name], deep-1)...)
		}
	}
	return names
}

// attributeOf returns the name after the first one of a traversal, such as x of
// var.x.
func attributeOf(t hcl.Traversal, root string) (name string, ok bool) {
	if len(t) < 2 || t.RootName() != root {
		return "", false
	}
	a, ok := t[1].(hcl.TraverseAttr)
	return a.Name, ok
}
