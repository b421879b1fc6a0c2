package webhook_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/exopool/exopool/autoscale/internal/webhook"
	"github.com/exopool/exopool/terraform/files"
)

// requestWith returns a request whose body has one value: an object with one field,
// or a text if the field has no name.
func requestWith(t *testing.T, path, field, value string) *http.Request {
	t.Helper()
	if field == "" {
		return post(path, "text/plain", value)
	}
	var content any = value
	if value == "null" || value == "true" || value == "false" {
		content = json.RawMessage(value)
	}
	steps := strings.Split(field, ".")
	if steps[0] == "alerts" {
		return post(path, "application/json", fmt.Sprintf(`{"alerts":[%s]}`, nested(t, steps[1:], content)))
	}
	return post(path, "application/json", nested(t, steps, content))
}

func nested(t *testing.T, steps []string, value any) string {
	t.Helper()
	for i := len(steps) - 1; i >= 0; i-- {
		value = map[string]any{steps[i]: value}
	}
	body, err := json.Marshal(value)
	require.NoError(t, err)
	return string(body)
}

func TestEveryValueOfTheTables(t *testing.T) {
	t.Parallel()
	for _, s := range webhook.Fields() {
		for _, path := range s.Paths {
			for _, value := range s.Firing {
				assert.Equal(t, accepted, outcomeOf(t, nil, requestWith(t, "/up", path, value)), "%s: %s %s", s.Sender, path, value)
				assert.Equal(t, accepted, outcomeOf(t, nil, requestWith(t, "/down", path, value)), "%s: %s %s", s.Sender, path, value)
			}
			for _, value := range append(append([]string{}, s.Resolved...), s.Unrelated...) {
				value = strings.Replace(value, "*", "whatever", 1)
				for _, spelt := range []string{value, strings.ToLower(value), strings.ToUpper(value), " " + value + " "} {
					if value == "null" || value == "true" {
						spelt = value
					}
					assert.Equal(t, ignored, outcomeOf(t, nil, requestWith(t, "/up", path, spelt)), "%s: %s %q", s.Sender, path, spelt)
				}
			}
		}
	}
	for _, path := range webhook.NameFields {
		for _, name := range webhook.UnrelatedNames {
			assert.Equal(t, ignored, outcomeOf(t, nil, requestWith(t, "/up", path, name)), "%s %s", path, name)
		}
		assert.Equal(t, accepted, outcomeOf(t, nil, requestWith(t, "/up", path, "CPU high")), path)
		assert.Equal(t, accepted, outcomeOf(t, nil, requestWith(t, "/down", path, "CPU low")), path)
		assert.Equal(t, contradictory, outcomeOf(t, nil, requestWith(t, "/up", path, "CPU low")), path)
		assert.Equal(t, contradictory, outcomeOf(t, nil, requestWith(t, "/down", path, "CPU high")), path)
	}
	for _, place := range webhook.DirectionPlaces {
		for _, field := range webhook.DirectionFields {
			for _, word := range webhook.DirectionWords[up] {
				assert.Equal(t, accepted, outcomeOf(t, nil, requestWith(t, "/up", place+field, word)))
				assert.Equal(t, contradictory, outcomeOf(t, nil, requestWith(t, "/down", place+field, word)))
			}
			for _, word := range webhook.DirectionWords[down] {
				assert.Equal(t, accepted, outcomeOf(t, nil, requestWith(t, "/down", place+field, word)))
				assert.Equal(t, contradictory, outcomeOf(t, nil, requestWith(t, "/up", place+field, word)))
			}
		}
	}
}

func TestPartsOfWordsMeanNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"Load up", "Slowdown", "Countdown", "Update is slow", "CPU low on disk", "CPU high again", "Not resolved", "Unclear", "upstream", "down.",
	} {
		for _, field := range []string{"", "title", "message", "summary", "alertname", "alerts.labels.alertname", "ruleName", "labels.direction", "status"} {
			for _, path := range []string{"/up", "/down"} {
				assert.Equal(t, accepted, outcomeOf(t, nil, requestWith(t, path, field, name)), "%s: %s %s", path, field, name)
			}
		}
	}
}

func TestTheAlertsThatComeWithTheProjectAreKnown(t *testing.T) {
	t.Parallel()
	type rule struct {
		Title, Alert string
		Labels       map[string]string
	}
	names := map[string]map[string]bool{up: {}, down: {}}
	err := fs.WalkDir(files.Monitoring(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
			return err
		}
		content, err := fs.ReadFile(files.Monitoring(), name)
		if err != nil {
			return err
		}
		var file struct{ Groups []struct{ Rules []rule } }
		if err := yaml.Unmarshal(content, &file); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, group := range file.Groups {
			for _, r := range group.Rules {
				if direction := r.Labels["autoscale"]; direction != "" {
					names[direction][r.Title+r.Alert] = true
				}
			}
		}
		return nil
	})
	require.NoError(t, err)
	for direction, want := range webhook.OwnNames {
		var found []string
		for name := range names[direction] {
			found = append(found, name)
		}
		assert.ElementsMatch(t, want, found, direction)
	}
}
