package main

import (
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/cmd/internal/settings/settingstest"
)

const module = "../../terraform"

// assignment is a line of the file of settings that Terraform writes: the name
// of a setting, a value of the template, and what follows it.
var assignment = regexp.MustCompile(`(?m)^([A-Z_]+)=\$\{([a-z_]+)\}(.*)$`)

// TestTerraformGivesWhatTheProgramAccepts: each number that a variable of the
// module accepts is accepted by the setting that it becomes, and defaults are
// the same, but where they differ on purpose.
func TestTerraformGivesWhatTheProgramAccepts(t *testing.T) {
	t.Parallel()
	differ := map[string]string{"maximum": "5"} // more members cost more money
	const template = "templates/exopool.env.tftpl"
	content, err := os.ReadFile(filepath.Join(module, template))
	require.NoError(t, err)
	blocks := moduleBlocks(t)
	values := templateValues(t, blocks, template)
	env := settingstest.Course()
	var numbers, switches []string
	for _, line := range assignment.FindAllStringSubmatch(string(content), -1) {
		setting := declared(t, line[1])
		variable := newModuleVariable(blocks, values[line[2]])
		if variable == nil {
			continue // the zone, or what Terraform knows of a resource
		}
		if variable.byDefault.Type() == cty.Bool {
			assert.Equal(t, setting.Default, strconv.FormatBool(variable.byDefault.True()), "default of var.%s", variable.name)
			switches = append(switches, variable.name)
		}
		if variable.byDefault.Type() != cty.Number {
			continue
		}
		numbers = append(numbers, variable.name)
		byDefault := variable.byDefault.AsBigFloat().String()
		if other, ok := differ[variable.name]; ok {
			assert.Equal(t, other, byDefault)
		} else {
			assert.Equal(t, setting.Default, shortened(byDefault+line[3]), "default of var.%s", variable.name)
		}
		low, high, ranged := strings.Cut(setting.Range, " to ")
		require.True(t, ranged, "%s has no range", setting)
		accepted := 0
		for _, number := range around(t, low, high, line[3]) {
			if !variable.accepts(t, cty.NumberIntVal(int64(number))) {
				continue
			}
			accepted++
			_, err := parse(nil, env.With(settingstest.Env{line[1]: strconv.Itoa(number) + line[3]}).Get, io.Discard)
			var wrong *settings.Error
			if errors.As(err, &wrong) {
				assert.NotContains(t, wrong.Error(), setting.String(), "var.%s = %d", variable.name, number)
			}
		}
		assert.Positive(t, accepted, "var.%s accepts nothing near the ends of %s", variable.name, setting.Range)
	}
	assert.Equal(t, []string{"minimum", "maximum", "step", "start_timeout", "interval"}, numbers)
	assert.Equal(t, []string{"rolling_change"}, switches)
}

// TestTerraformKnowsTheOrdersOfEviction: those of the program, and with what the
// module gives the program takes each.
func TestTerraformKnowsTheOrdersOfEviction(t *testing.T) {
	t.Parallel()
	evict := newModuleVariable(moduleBlocks(t), "evict")
	require.NotNil(t, evict)
	content, err := os.ReadFile(filepath.Join(module, "templates/exopool.env.tftpl"))
	require.NoError(t, err)
	server := regexp.MustCompile(`(?m)^AUTOSCALER_PROMETHEUS_URL=(\S+)$`).FindSubmatch(content)
	require.NotNil(t, server)
	for _, order := range []autoscale.EvictionOrder{autoscale.NewestFirst, autoscale.OldestFirst, autoscale.LeastBusyFirst, "any", ""} {
		env := settingstest.Env{"AUTOSCALER_PROMETHEUS_URL": string(server[1])}
		_, err := parse([]string{"-evict", string(order)}, settingstest.Course().With(env).Get, io.Discard)
		assert.Equal(t, err == nil, evict.accepts(t, cty.StringVal(string(order))), "%q: %v", order, err)
	}
}

// TestTerraformKnowsThePolicies: those of the program, and it takes each with what
// the module gives it.
func TestTerraformKnowsThePolicies(t *testing.T) {
	t.Parallel()
	policies := newModuleVariable(moduleBlocks(t), "policy")
	require.NotNil(t, policies)
	env := settingstest.Env{"AUTOSCALER_PROMETHEUS_URL": "http://127.0.0.1:9090"}
	for _, name := range []policyName{policyStep, policySteps, policyTarget, policyFollow, "any", ""} {
		_, err := parse([]string{"-policy", string(name)}, settingstest.Course().With(env).Get, io.Discard)
		assert.Equal(t, err == nil, policies.accepts(t, cty.StringVal(string(name))), "%q: %v", name, err)
	}
}

// declared returns the setting that a variable of the environment sets.
func declared(t *testing.T, name string) *settings.Setting {
	t.Helper()
	set, _ := declare(settingstest.Env{}.Get)
	at := slices.IndexFunc(set.Settings(), func(s *settings.Setting) bool { return slices.Contains(s.Env, name) })
	require.GreaterOrEqual(t, at, 0, "no setting is named %s", name)
	return set.Settings()[at]
}

// shortened writes a duration as settings do.
func shortened(text string) string {
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return settings.Duration(0, d).Format(d)
	}
	return text
}

// around returns whole numbers at both ends of a range and beyond them. With
// unit they count durations.
func around(t *testing.T, low, high, unit string) []int {
	t.Helper()
	var numbers []int
	for _, end := range []string{low, high} {
		n, err := strconv.Atoi(end)
		if err != nil {
			d, err := time.ParseDuration(end)
			require.NoError(t, err)
			one, err := time.ParseDuration("1" + unit)
			require.NoError(t, err)
			n = int(d / one)
		}
		numbers = append(numbers, n-1, n, n+1, 10*n)
	}
	return numbers
}

// moduleBlocks parses the module.
func moduleBlocks(t *testing.T) hclsyntax.Blocks {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(module, "*.tf"))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	var blocks hclsyntax.Blocks
	parser := hclparse.NewParser()
	for _, name := range names {
		file, problems := parser.ParseHCLFile(name)
		require.False(t, problems.HasErrors(), "%v", problems)
		blocks = append(blocks, file.Body.(*hclsyntax.Body).Blocks...)
	}
	return blocks
}

// templateValues returns which variables of the module the values of a template
// are, by name.
func templateValues(t *testing.T, blocks hclsyntax.Blocks, template string) map[string]string {
	t.Helper()
	values := map[string]string{}
	visit := func(node hclsyntax.Node) hcl.Diagnostics {
		call, ok := node.(*hclsyntax.FunctionCallExpr)
		if !ok || call.Name != "templatefile" {
			return nil
		}
		path := call.Args[0].(*hclsyntax.TemplateExpr)
		literal, ok := path.Parts[len(path.Parts)-1].(*hclsyntax.LiteralValueExpr)
		if !ok || literal.Val.AsString() != "/"+template {
			return nil
		}
		for _, item := range call.Args[1].(*hclsyntax.ObjectConsExpr).Items {
			expression, ok := item.ValueExpr.(*hclsyntax.ScopeTraversalExpr)
			if ok && expression.Traversal.RootName() == "var" {
				values[hcl.ExprAsKeyword(item.KeyExpr)] = expression.Traversal[1].(hcl.TraverseAttr).Name
			}
		}
		return nil
	}
	for _, block := range blocks {
		require.Empty(t, hclsyntax.VisitAll(block.Body, visit))
	}
	require.NotEmpty(t, values, "nothing fills in %s", template)
	return values
}

// A moduleVariable is a variable of the module.
type moduleVariable struct {
	name       string
	byDefault  cty.Value
	conditions []hclsyntax.Expression
	others     map[string]cty.Value // defaults of all variables
}

func newModuleVariable(blocks hclsyntax.Blocks, name string) *moduleVariable {
	v := &moduleVariable{name: name, others: map[string]cty.Value{}}
	for _, block := range blocks {
		if block.Type != "variable" {
			continue
		}
		byDefault, constant := block.Body.Attributes["default"]
		if !constant {
			continue
		}
		value, _ := byDefault.Expr.Value(nil)
		v.others[block.Labels[0]] = value
		if block.Labels[0] != name {
			continue
		}
		v.byDefault = value
		for _, inner := range block.Body.Blocks {
			if inner.Type == "validation" {
				v.conditions = append(v.conditions, inner.Body.Attributes["condition"].Expr)
			}
		}
	}
	if v.byDefault == cty.NilVal {
		return nil
	}
	return v
}

// accepts reports whether all conditions of the variable allow a value.
func (v *moduleVariable) accepts(t *testing.T, value cty.Value) bool {
	t.Helper()
	vars := maps.Clone(v.others)
	vars[v.name] = value
	scope := &hcl.EvalContext{
		Variables: map[string]cty.Value{"var": cty.ObjectVal(vars)},
		Functions: map[string]function.Function{"floor": stdlib.FloorFunc, "contains": stdlib.ContainsFunc},
	}
	for _, condition := range v.conditions {
		holds, problems := condition.Value(scope)
		require.False(t, problems.HasErrors(), "%v", problems)
		if holds.False() {
			return false
		}
	}
	return true
}
