package test_test

import (
	"path/filepath"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestValidationsReferToTheirOwnVariable: before 1.9, Terraform refuses others.
// The Terraform that runs the other tests would accept them.
func TestValidationsReferToTheirOwnVariable(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../terraform/*.tf")
	require.NoError(t, err)
	validations := 0
	for _, path := range files {
		file, diagnostics := hclsyntax.ParseConfig(read(t, path), path, hcl.InitialPos)
		require.False(t, diagnostics.HasErrors(), "%v", diagnostics)
		for _, block := range file.Body.(*hclsyntax.Body).Blocks {
			for _, inner := range block.Body.Blocks {
				if block.Type != "variable" || inner.Type != "validation" {
					continue
				}
				validations++
				for _, attribute := range inner.Body.Attributes {
					for _, reference := range attribute.Expr.Variables() {
						own := reference.RootName() == "var" && len(reference) > 1 && reference[1].(hcl.TraverseAttr).Name == block.Labels[0]
						assert.True(t, own, "%s refers to another variable", attribute.SrcRange)
					}
				}
			}
		}
	}
	assert.Positive(t, validations)
}
