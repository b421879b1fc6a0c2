package iam

import (
	"errors"
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	celref "cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// Limits that keep one expression from holding up the cloud.
const (
	expressionDepth = 50
	expressionCost  = 100_000 // steps of one evaluation, about a millisecond
)

// A Compiler compiles the conditions of policy rules, which are written in
// the Common Expression Language. Its environment is made when it is first
// needed, as most clouds never are asked to. It is not safe for concurrent use.
type Compiler struct{ env *cel.Env }

// compile refuses what is not written in the language. What does not fit
// together, such as a name that means nothing, only fails in each evaluation.
func (c *Compiler) compile(text string) (cel.Program, error) {
	if c.env == nil {
		env, err := newExpressionEnv()
		if err != nil {
			return nil, fmt.Errorf("prepare expressions: %w", err)
		}
		c.env = env
	}
	parsed, issues := c.env.Parse(text)
	if issues.Err() != nil {
		first := issues.Errors()[0]
		if first.Location.Line() < 1 { // It is about the whole of it.
			return nil, errors.New(first.Message)
		}
		return nil, fmt.Errorf("line %d, column %d: %s",
			first.Location.Line(), first.Location.Column()+1, first.Message)
	}
	ast, issues := c.env.Check(parsed)
	if issues.Err() != nil {
		ast = parsed // It fails when it is evaluated.
	}
	program, err := c.env.Program(ast, cel.CostLimit(expressionCost))
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	return program, nil
}

// newExpressionEnv declares the variables of the original's policy guide,
// which calls the resources by both names, and the one function of the
// original that the language does not have: parameters.has('name'), as the
// examples of its Terraform provider write it.
func newExpressionEnv() (*cel.Env, error) {
	anything := cel.MapType(cel.StringType, cel.DynType)
	return cel.NewEnv(
		cel.ParserRecursionLimit(expressionDepth),
		cel.CrossTypeNumericComparisons(true),
		cel.Variable("service", cel.StringType),
		cel.Variable("operation", cel.StringType),
		cel.Variable("zone", cel.StringType),
		cel.Variable("now", cel.StringType),
		cel.Variable("source_ip", cel.StringType),
		cel.Variable("api_key", cel.StringType),
		cel.Variable("parameters", anything),
		cel.Variable("resources", anything),
		cel.Variable("resource", anything),
		cel.Function("has", cel.MemberOverload("map_has_key",
			[]*cel.Type{anything, cel.StringType}, cel.BoolType, cel.BinaryBinding(hasKey))),
	)
}

func hasKey(in, key celref.Val) celref.Val {
	m, ok := in.(traits.Mapper)
	if !ok {
		return types.MaybeNoSuchOverloadErr(in)
	}
	_, found := m.Find(key)
	return types.Bool(found)
}

// holds evaluates a condition; one that fails does not hold.
func holds(program cel.Program, bindings map[string]any) bool {
	result, _, err := program.Eval(bindings)
	return err == nil && result.Value() == true
}
