package test_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A language is what a version of Terraform understands.
type language struct {
	blocks     []string            // of files
	attributes map[string][]string // of blocks whose attributes are Terraform's own
	functions  []string
}

// oldestLanguage is that of Terraform 1.5, the oldest that versions.tf accepts. The
// Terraform that runs the other tests understands more. The list of functions is what
// 1.5.7 answers to "terraform metadata functions -json".
func oldestLanguage(t *testing.T) language {
	t.Helper()
	return language{
		blocks: []string{
			"check", "data", "import", "locals", "module", "moved", "output", "provider", "resource", "terraform", "variable",
		},
		attributes: map[string][]string{
			"import":   {"id", "provider", "to"},
			"moved":    {"from", "to"},
			"output":   {"depends_on", "description", "sensitive", "value"},
			"variable": {"default", "description", "nullable", "sensitive", "type"},
		},
		functions: append(strings.Fields(string(read(t, "testdata/functions-of-terraform-1.5.txt"))),
			"list", "map", "object", "optional", "set", "tuple"), // of types
	}
}

// unknown returns what in a file the language does not have.
func (l language) unknown(t *testing.T, path string, text []byte) (found []string) {
	t.Helper()
	report := func(at hcl.Range, what string) { found = append(found, at.String()+": "+what) }
	calls := func(root hclsyntax.Node) {
		_ = hclsyntax.VisitAll(root, func(node hclsyntax.Node) hcl.Diagnostics {
			if call, ok := node.(*hclsyntax.FunctionCallExpr); ok && !slices.Contains(l.functions, call.Name) {
				report(call.NameRange, "function "+call.Name)
			}
			return nil
		})
	}
	if filepath.Ext(path) == ".tftpl" {
		template, diagnostics := hclsyntax.ParseTemplate(text, path, hcl.InitialPos)
		require.False(t, diagnostics.HasErrors(), "%v", diagnostics)
		calls(template)
		return found
	}
	file, diagnostics := hclsyntax.ParseConfig(text, path, hcl.InitialPos)
	require.False(t, diagnostics.HasErrors(), "%v", diagnostics)
	body := file.Body.(*hclsyntax.Body)
	calls(body)
	for _, block := range body.Blocks {
		if !slices.Contains(l.blocks, block.Type) {
			report(block.TypeRange, "block "+block.Type)
		}
		own, ok := l.attributes[block.Type]
		for name, attribute := range block.Body.Attributes {
			if ok && !slices.Contains(own, name) {
				report(attribute.NameRange, "attribute "+name)
			}
		}
		if block.Type == "variable" {
			for _, at := range othersInValidations(block) {
				report(at, "reference to another variable")
			}
		}
	}
	return found
}

// othersInValidations returns where the validations of a variable refer to something
// else, which Terraform refuses before 1.9.
func othersInValidations(variable *hclsyntax.Block) (found []hcl.Range) {
	for _, inner := range variable.Body.Blocks {
		for _, attribute := range inner.Body.Attributes {
			for _, reference := range attribute.Expr.Variables() {
				own := reference.RootName() == "var" && len(reference) > 1 && reference[1].(hcl.TraverseAttr).Name == variable.Labels[0]
				if !own {
					found = append(found, reference.SourceRange())
				}
			}
		}
	}
	return found
}

func TestModuleNeedsNoNewerTerraformThanItSays(t *testing.T) {
	t.Parallel()
	require.Contains(t, string(read(t, "../terraform/versions.tf")), `required_version = ">= 1.5.0"`)
	require.Contains(t, string(read(t, "../.github/workflows/nightly.yml")), "github.com/hashicorp/terraform@v1.5.", "which applies it")
	oldest := oldestLanguage(t)
	require.Greater(t, len(oldest.functions), 100)
	for _, pattern := range []string{"*.tf", "examples/*/*.tf", "templates/*.tftpl"} {
		files, err := filepath.Glob("../terraform/" + pattern)
		require.NoError(t, err)
		assert.NotEmpty(t, files, pattern)
		for _, path := range files {
			assert.Empty(t, oldest.unknown(t, path, read(t, path)), "Terraform 1.5 does not have these")
		}
	}
}

func TestWhatIsNewerThanTheOldestTerraformIsFound(t *testing.T) {
	t.Parallel()
	oldest := oldestLanguage(t)
	for _, c := range []struct{ path, text, want string }{
		{"a.tf", "removed {\n  from = x.y\n}", "a.tf:1,1-8: block removed"},
		{"a.tf", `ephemeral "x" "y" {}`, "a.tf:1,1-10: block ephemeral"},
		{"a.tf", "import {\n  for_each = {}\n  to = x.y\n  id = 1\n}", "a.tf:2,3-11: attribute for_each"},
		{"a.tf", "variable \"x\" {\n  ephemeral = true\n}", "a.tf:2,3-12: attribute ephemeral"},
		{"a.tf", "variable \"x\" {\n  validation {\n    condition = var.x < var.y\n  }\n}", "a.tf:3,25-30: reference to another variable"},
		{"a.tf", "variable \"x\" {\n  validation {\n    condition = local.x\n  }\n}", "a.tf:3,17-24: reference to another variable"},
		{"a.tf", "locals {\n  x = [for y in z : templatestring(y, {})]\n}", "a.tf:2,21-35: function templatestring"},
		{"a.tf", `resource "x" "y" {` + "\n  z {\n    w = provider::x::y(1)\n  }\n}", "a.tf:3,9-23: function provider::x::y"},
		{"a.tftpl", "x: ${issensitive(y)}", "a.tftpl:1,6-17: function issensitive"},
		{"a.tf", "variable \"x\" {\n  validation {\n    condition = alltrue([for y in var.x : strcontains(y, \"z\")])\n  }\n}", ""},
	} {
		assert.Equal(t, c.want, strings.Join(oldest.unknown(t, c.path, []byte(c.text)), "\n"), c.text)
	}
}
