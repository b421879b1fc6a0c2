package preflight

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// variablesOf returns the values that files and arguments give to the variables
// of a folder, those that count last winning, as far as they can be read.
func variablesOf(dir string, arguments []string) map[string]cty.Value {
	values := map[string]cty.Value{}
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
		values[variable] = literal(text)
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
	return slices.DeleteFunc(names, func(name string) bool {
		info, err := os.Stat(name)
		return err != nil || !info.Mode().IsRegular() || info.Size() > maxFile
	})
}

func readVariables(values map[string]cty.Value, name string) {
	parser := hclparse.NewParser()
	parse := parser.ParseHCLFile
	if strings.HasSuffix(name, ".json") {
		parse = parser.ParseJSONFile
	}
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return
	}
	file, _ := parse(name)
	if file == nil || file.Body == nil {
		return
	}
	attributes, _ := file.Body.JustAttributes()
	for variable, a := range attributes {
		if v, diags := a.Expr.Value(nil); !diags.HasErrors() {
			values[variable] = v
		}
	}
}

// literal reads a value of the command line: an expression, or else a text.
func literal(text string) cty.Value {
	expr, diags := hclsyntax.ParseExpression([]byte(text), "", hcl.InitialPos)
	if !diags.HasErrors() {
		if v, diags := expr.Value(nil); !diags.HasErrors() {
			return v
		}
	}
	return cty.StringVal(text)
}
