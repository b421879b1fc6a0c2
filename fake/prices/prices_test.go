package prices_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/exopool/exopool/fake/prices"
)

const swiss = `{"date": "2026-01-31", "currency": "CHF", "nlb": 1, "disk_gb": 0.5, "types": {"standard.micro": 2}, "others": {"elastic-ip": 0}}`

func TestBill(t *testing.T) {
	t.Parallel()
	list, err := prices.Parse([]byte(swiss))
	require.NoError(t, err)
	b := list.Bill([]prices.Use{
		{"standard.micro", 3, 1.5}, {"load-balancer", 1, 2}, {"disk", 0, 10}, {"elastic-ip", 1, 5}, {"ipv4", 2, 4}, {"block-storage", 1, 1},
	})
	assert.InDelta(t, 3+2+5, b.Total, 1e-9)
	assert.InDelta(t, 6+1, b.PerHour, 1e-9)
	assert.Equal(t, []prices.Use{{"block-storage", 1, 1}, {"ipv4", 2, 4}}, b.Unpriced, "not zero without a word")
	assert.Equal(t, `10.0000 CHF, an estimate by prices of 2026-01-31
  disk	5.0000 CHF	10 h
  elastic-ip	0.0000 CHF	5 h
  load-balancer	2.0000 CHF	2 h
  standard.micro	3.0000 CHF	1.5 h
  block-storage	not counted	1 h, no price is known
  ipv4	not counted	4 h, no price is known
`, b.String())
	assert.Equal(t, "under 0.0001 CHF", b.Money(0.00004))
	assert.Empty(t, list.Bill(nil).String())
	assert.Equal(t, "  disk\tnot counted\t1 h, no price is known\n", prices.List{}.Bill([]prices.Use{{"disk", 1, 1}}).String())
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                                        "not as it should be",
		`{"dte": "2026-01-31"}`:                   `unknown field "dte"`,
		`{"currency": "EUR"}`:                     "write it like 2026-01-31",
		`{"date": "2026-02-30"}`:                  "write it like 2026-01-31",
		`{"date": "2026-01-31"}`:                  "such as EUR",
		edited(`"CHF"`, `"€"`):                    "such as EUR",
		edited(`"nlb": 1`, `"nlb": -1`):           "price of load-balancer is -1",
		edited(`"nlb": 1`, `"nlb": 1e9`):          "price of load-balancer is 1e+09",
		edited(`"nlb": 1`, `"nlb": 1e999`):        "not as it should be",
		edited(`standard.micro`, `micro`):         "write one like standard.small",
		edited(`elastic-ip`, `elastic ip`):        "write one like elastic-ip",
		edited(`elastic-ip`, `disk`):              "two prices for disk",
		edited(`"nlb": 1`, `"note": "\u001b[2J"`): "plain characters",
		swiss + `{}`:                              "goes on after its end",
		strings.Repeat(" ", prices.MaxText+1):     "longer than 65536 bytes",
	} {
		_, err := prices.Parse([]byte(text))
		assert.ErrorContains(t, err, want, text)
	}
}

func edited(from, to string) string { return strings.Replace(swiss, from, to, 1) }

func TestHoursHaveNoExponent(t *testing.T) {
	t.Parallel()
	for hours, want := range map[float64]string{
		0: "0 h", 0.00002: "under 0.0001 h", 0.0001: "0.0001 h", 1.2345: "1.23 h", 99.96: "100 h", 730: "730 h", 123456.7: "123457 h",
	} {
		bill := prices.Default().Bill([]prices.Use{{Item: "ipv4", Now: 1, Hours: hours}})
		assert.Contains(t, bill.String(), "\t"+want+"\n")
	}
}

// TestDefaultIsTerraforms: the list that comes with the program has the prices
// that the module begins with.
func TestDefaultIsTerraforms(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../terraform/variables.tf")
	require.NoError(t, err)
	file, diagnostics := hclsyntax.ParseConfig(text, "variables.tf", hcl.InitialPos)
	require.False(t, diagnostics.HasErrors(), diagnostics)
	body, ok := file.Body.(*hclsyntax.Body)
	require.True(t, ok)
	for _, block := range body.Blocks {
		if block.Labels[0] != "prices" {
			continue
		}
		value, diagnostics := block.Body.Attributes["default"].Expr.Value(nil)
		require.False(t, diagnostics.HasErrors(), diagnostics)
		want, err := ctyjson.Marshal(value, value.Type())
		require.NoError(t, err)
		list, err := prices.Parse(want)
		require.NoError(t, err, "the program reads what the module takes")
		got := prices.Default().Bill(nil)
		got.Note = ""
		assert.Equal(t, list.Bill(nil), got)
		assert.Equal(t, list.String(), withoutNoteAndOthers(t))
		return
	}
	t.Fatal("the module has no prices")
}

// withoutNoteAndOthers returns the list without what the module does not take.
func withoutNoteAndOthers(t *testing.T) string {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(prices.Default().String()), &fields))
	delete(fields, "note")
	delete(fields, "others")
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	list, err := prices.Parse(text)
	require.NoError(t, err)
	return list.String()
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(swiss))
	f.Add([]byte(prices.Default().String()))
	f.Add([]byte(`{"date":"2026-01-31","currency":"EUR","types":{"a.b":1e300},"others":{"":-0}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := prices.Parse(text)
		if err != nil {
			return
		}
		again, err := prices.Parse([]byte(list.String()))
		require.NoError(t, err)
		assert.Equal(t, list.String(), again.String())
		b := list.Bill([]prices.Use{{"standard.micro", 1, 1}, {"disk", 1, 1}})
		assert.Len(t, b.Lines, 2-len(b.Unpriced))
		assert.GreaterOrEqual(t, b.Total, 0.0)
	})
}
