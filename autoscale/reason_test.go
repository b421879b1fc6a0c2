package autoscale_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
)

// seriesWithReason returns the label values of all series that have a reason.
func seriesWithReason(t require.TestingT, reg prometheus.Gatherer) (series map[string]bool, reasons map[string]bool) {
	families, err := reg.Gather()
	require.NoError(t, err)
	series, reasons = map[string]bool{}, map[string]bool{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name, hasReason := family.GetName(), false
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
				if label.GetName() == "reason" {
					reasons[label.GetValue()], hasReason = true, true
				}
			}
			if hasReason {
				series[name] = true
			}
		}
	}
	return series, reasons
}

// TestEveryReasonHasItsSeries compares the constants with the series that a loop
// starts with. [TestRandomSchedules] finds combinations that lack one.
func TestEveryReasonHasItsSeries(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	_, err := autoscale.New(autoscale.Config{Pool: &hooks{}, Registerer: reg})
	require.NoError(t, err)
	_, got := seriesWithReason(t, reg)

	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	require.NoError(t, err)
	want := map[string]bool{}
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Reason" {
			return true
		}
		for _, value := range spec.Values {
			literal, ok := value.(*ast.BasicLit)
			require.True(t, ok, "a reason is a text")
			text, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			want[text] = true
		}
		return true
	})
	assert.Equal(t, want, got, "reasonUses lists all reasons")
}
