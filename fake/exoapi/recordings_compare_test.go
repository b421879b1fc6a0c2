package exoapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A comparison collects the differences between a recorded answer, in which
// texts were replaced, and the emulator's.
type comparison struct {
	own   map[string]string // what the emulator says for a replaced text
	alike bool              // values and the lengths of lists are the emulator's own
	found []string
}

func (c *comparison) report(path, format string, args ...any) {
	c.found = append(c.found, path+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) compare(path string, want, got any) {
	if text, ok := want.(string); ok && strings.HasPrefix(text, "REDACTED") {
		return // of whatever type
	}
	if typeOf(want) != typeOf(got) {
		c.report(path, "%s, not %s", typeOf(got), typeOf(want))
		return
	}
	switch want := want.(type) {
	case map[string]any:
		c.compareFields(path, want, got.(map[string]any))
	case []any:
		c.compareLists(path, want, got.([]any))
	case string:
		c.compareTexts(path, want, got.(string))
	default:
		if !c.alike && want != got && !strings.HasSuffix(path, ".vni") {
			c.report(path, "%v, not %v", got, want)
		}
	}
}

func (c *comparison) compareFields(path string, want, got map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if value, ok := got[key]; ok {
			c.compare(path+"."+key, want[key], value)
		} else {
			c.report(path+"."+key, "is missing")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			c.report(path+"."+key, "is not in the recording")
		}
	}
}

func (c *comparison) compareLists(path string, want, got []any) {
	if !c.alike && len(want) != len(got) {
		c.report(path, "%d entries, not %d", len(got), len(want))
		return
	}
	for i := range got {
		expected := want[0]
		if !c.alike {
			expected = want[i]
		}
		c.compare(fmt.Sprintf("%s[%d]", path, i), expected, got[i])
	}
}

func (c *comparison) compareTexts(path, want, got string) {
	isID := recordedID.MatchString(want)
	switch {
	case isID && !recordedID.MatchString(got):
		c.report(path, "%s is not an id", got)
	case isID || strings.HasPrefix(want, "redacted-"):
		if _, known := c.own[want]; !known && !c.alike {
			c.own[want] = got
		}
		if own, known := c.own[want]; known && own != got && !c.alike {
			c.report(path, "%s, not %s", got, own)
		}
	case isTime(want):
		if !isTime(got) {
			c.report(path, "%s is not a time", got)
		}
	case want != got && !c.alike:
		c.report(path, "%s, not %s", got, want)
	}
}

func isTime(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}

func typeOf(value any) string {
	switch value.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	default:
		return "null"
	}
}
