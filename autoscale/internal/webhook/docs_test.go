package webhook_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale/internal/webhook"
)

var update = flag.Bool("update", false, "remake the tables in docs/webhooks.md")

const (
	webhooksPage = "../../../docs/webhooks.md"
	tablesStart  = "<!-- tables: go test ./autoscale/internal/webhook -run DocsListTheFields -update -->\n"
	tablesEnd    = "<!-- end of tables -->\n"
)

func page(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(webhooksPage)
	require.NoError(t, err)
	return string(content)
}

func code(words []string) string {
	spans := make([]string, 0, len(words))
	for _, word := range words {
		if word == "" {
			word = "(all of a text)"
		}
		spans = append(spans, "`"+word+"`")
	}
	return strings.Join(spans, ", ")
}

func TestDocsListTheFields(t *testing.T) {
	t.Parallel()
	var tables strings.Builder
	tables.WriteString("| sender | field | fires | is over | is not about load |\n|---|---|---|---|---|\n")
	last := ""
	for _, s := range webhook.Fields() {
		name := s.Sender
		if name == last {
			name = ""
		}
		last = s.Sender
		fmt.Fprintf(&tables, "| %s | %s | %s | %s | %s |\n", name, code(s.Paths), code(s.Firing), code(s.Resolved), code(s.Unrelated))
	}
	fmt.Fprintf(&tables, "\n- Fields that hold the name of an alert: %s.\n", code(webhook.NameFields))
	fmt.Fprintf(&tables, "- Names of alerts that are not about load: %s.\n", code(webhook.UnrelatedNames))
	fmt.Fprintf(&tables, "- Names of alerts for `/up`: %s; for `/down`: %s.\n", code(webhook.OwnNames[up]), code(webhook.OwnNames[down]))
	fmt.Fprintf(&tables, "- Fields that name the path: %s, by themselves and after %s.\n", code(webhook.DirectionFields), code(webhook.DirectionPlaces[1:]))
	fmt.Fprintf(&tables, "- Values of theirs for `/up`: %s; for `/down`: %s.\n", code(webhook.DirectionWords[up]), code(webhook.DirectionWords[down]))

	before, rest, found := strings.Cut(page(t), tablesStart)
	require.True(t, found)
	_, after, found := strings.Cut(rest, tablesEnd)
	require.True(t, found)
	want := before + tablesStart + "\n" + tables.String() + "\n" + tablesEnd + after
	if *update {
		require.NoError(t, os.WriteFile(webhooksPage, []byte(want), 0o600))
		return
	}
	assert.Equal(t, want, page(t), "remake it with -update")
}

// TestBodiesOfTheDocsWork fills in the variables of the bodies that operators
// are told to write.
func TestBodiesOfTheDocsWork(t *testing.T) {
	t.Parallel()
	fill := map[string][2]string{ // what fires, what ends
		"$ALERT_TRANSITION":     {"Triggered", "Recovered"},
		"{{alert.actionGroup}}": {"metrics.threshold.fired", "recovered"},
		"{EVENT.VALUE}":         {"1", "0"},
		"{EVENT.UPDATE.STATUS}": {"0", "0"},
		`"status": "firing"`:    {`"status": "firing"`, `"status": "resolved"`},
	}
	bodies := 0
	for line := range strings.Lines(page(t)) {
		body, isExample := strings.CutPrefix(line, "    {")
		if !isExample {
			continue
		}
		bodies++
		firing, ended := "{"+body, "{"+body
		for variable, values := range fill {
			firing = strings.ReplaceAll(firing, variable, values[0])
			ended = strings.ReplaceAll(ended, variable, values[1])
		}
		for _, alerts := range []map[string][]string{nil, {up: {"CPU high"}}} {
			assert.Equal(t, accepted, outcomeOf(t, alerts, post("/up", "application/json", firing)), firing)
			assert.Equal(t, ignored, outcomeOf(t, alerts, post("/up", "application/json", ended)), ended)
		}
	}
	assert.Equal(t, 4, bodies)
}

func TestDocsListTheOutcomes(t *testing.T) {
	t.Parallel()
	codes := map[webhook.Outcome]int{
		accepted: http.StatusOK, ignored: http.StatusOK, contradictory: http.StatusOK, unlisted: http.StatusForbidden,
		malformed: http.StatusBadRequest, unsupported: http.StatusUnsupportedMediaType,
	}
	for outcome, code := range codes {
		assert.Contains(t, page(t), fmt.Sprintf("| `%s` | %d |", outcome, code))
	}
}
