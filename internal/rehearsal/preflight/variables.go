package preflight

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A given is what the user or a caller gives to a variable: a value, or the text of one, whose
// meaning depends on the type of the variable.
type given struct {
	value  cty.Value
	text   string
	isText bool
}

// variablesOf returns what the environment, files and arguments give to the
// variables of a folder, those that count last winning, as far as they can be read.
func variablesOf(dir string, arguments, environ []string) map[string]given {
	values := map[string]given{}
	for _, assignment := range environ {
		name, text, _ := strings.Cut(assignment, "=")
		if variable, ok := strings.CutPrefix(name, "TF_VAR_"); ok {
			values[variable] = given{text: text, isText: true}
		}
	}
	for _, name := range variableFiles(dir) {
		readVariables(values, name)
	}
	for n := 0; n < len(arguments); n++ {
		name, value, joined := strings.Cut(strings.TrimPrefix(arguments[n], "-"), "=")
		name = strings.TrimPrefix(name, "-")
		if name != "var" && name != "var-file" {
			continue
		}
		if !joined {
			if n++; n == len(arguments) {
				break
			}
			value = arguments[n]
		}
		if name == "var-file" {
			if !filepath.IsAbs(value) {
				value = filepath.Join(dir, value)
			}
			readVariables(values, value)
			continue
		}
		variable, text, _ := strings.Cut(value, "=")
		values[variable] = given{text: text, isText: true}
	}
	return values
}

// variableFiles returns the files that Terraform reads by itself, in its order.
func variableFiles(dir string) []string {
	names := []string{filepath.Join(dir, "terraform.tfvars"), filepath.Join(dir, "terraform.tfvars.json")}
	entries, err := os.ReadDir(dir) // in order
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".auto.tfvars") || strings.HasSuffix(entry.Name(), ".auto.tfvars.json") {
			names = append(names, filepath.Join(dir, entry.Name()))
		}
	}
	return names
}

func readVariables(values map[string]given, name string) {
	parser := hclparse.NewParser()
	parse := parser.ParseHCLFile
	if strings.HasSuffix(name, ".json") {
		parse = parser.ParseJSONFile
	}
	if !readable(name) {
		return
	}
	file, _ := parse(name)
	if file == nil || file.Body == nil {
		return
	}
	attributes, _ := file.Body.JustAttributes()
	for variable, a := range attributes {
		if v, diags := a.Expr.Value(nil); !diags.HasErrors() {
			values[variable] = given{value: v}
		}
	}
}

// as returns the value that a variable has which declares a type, nil for none;
// unknown if that is not one of the type.
func (g given) as(constraint hcl.Expression) cty.Value {
	kind, value := cty.DynamicPseudoType, g.value
	var defaults *typeexpr.Defaults // of optional attributes
	if constraint != nil {
		var diags hcl.Diagnostics
		if kind, defaults, diags = typeexpr.TypeConstraintWithDefaults(constraint); diags.HasErrors() {
			return cty.DynamicVal
		}
	}
	if g.isText {
		value = cty.StringVal(g.text)
		if constraint != nil && !kind.IsPrimitiveType() {
			value = evaluate(g.text)
		}
	}
	if defaults != nil && !value.IsNull() {
		value = defaults.Apply(value)
	}
	value, err := convert.Convert(value, kind)
	if err != nil {
		return cty.DynamicVal
	}
	return value
}

// evaluate returns what an expression says that refers to nothing.
func evaluate(text string) cty.Value {
	expr, diags := hclsyntax.ParseExpression([]byte(text), "", hcl.InitialPos)
	if diags.HasErrors() {
		return cty.DynamicVal
	}
	value, diags := expr.Value(nil)
	if diags.HasErrors() {
		return cty.DynamicVal
	}
	return value
}
