package autoscale

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A message is what a webhook says. Its fields are looked up in the tables of
// this package, and everything else in it is passed over: senders add and change
// fields from release to release. What is said twice counts twice, so that one
// end is enough.
type message struct {
	direction Direction // of the path it came to
	strict    bool
	listed    []string

	whole  part
	alerts []part // of a list of alerts

	confirm string // the address that confirms a subscription of SNS, or ""
}

// A part is one alert, or what is said of all of them.
type part struct {
	over    string // why it asks for nothing
	against string // why it should not have come to this path
	listed  bool   // it has the name of an alert that counts
}

// errNotObject: the body is JSON, but not an object.
var errNotObject = errors.New("a JSON object is expected")

func (m *message) readJSON(body []byte) error {
	if !json.Valid(body) {
		// Unmarshal tells where the fault is.
		var whole json.RawMessage
		return json.Unmarshal(body, &whole)
	}
	if body[0] != '{' {
		return errNotObject
	}
	return m.readWhole(body, "")
}

// readWhole reads a valid object that concerns all alerts, and whose fields
// are known by their names after prefix.
func (m *message) readWhole(object []byte, prefix string) error {
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.UseNumber()
	if _, err := decoder.Token(); err != nil { // its opening brace
		return err
	}
	return m.readObject(decoder, prefix, &m.whole)
}

// readObject reads what follows the opening brace of an object.
func (m *message) readObject(decoder *json.Decoder, prefix string, into *part) error {
	for {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		key, isKey := name.(string)
		if !isKey { // the closing brace
			return nil
		}
		if err := m.readValue(decoder, prefix+fold(key), into); err != nil {
			return err
		}
	}
}

// readValue goes no deeper than the tables do.
func (m *message) readValue(decoder *json.Decoder, field string, into *part) error {
	value, err := decoder.Token()
	if err != nil {
		return err
	}
	switch v := value.(type) {
	case json.Delim:
		switch {
		case v == '{' && words.parents[field]:
			return m.readObject(decoder, field+".", into)
		case v == '[' && field == "alerts" && into == &m.whole:
			return m.readAlerts(decoder)
		default:
			return passOver(decoder)
		}
	case string:
		m.readField(field, v, into)
	case json.Number:
		m.note(field, v.String(), false, into)
	case bool:
		m.note(field, strconv.FormatBool(v), true, into)
	default:
		m.note(field, "null", true, into)
	}
	return nil
}

// readAlerts reads what follows the opening bracket of a list of alerts.
func (m *message) readAlerts(decoder *json.Decoder) error {
	for {
		value, err := decoder.Token()
		if err != nil {
			return err
		}
		var alert part
		switch value {
		case json.Delim(']'):
			return nil
		case json.Delim('{'):
			err = m.readObject(decoder, "alerts.", &alert)
		case json.Delim('['):
			err = passOver(decoder)
		}
		if err != nil {
			return err
		}
		m.alerts = append(m.alerts, alert)
	}
}

// passOver reads up to the end of the object or list that has begun.
func passOver(decoder *json.Decoder) error {
	for depth := 1; depth > 0; {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
	return nil
}

// readText reads a body that is not JSON: a form, or text for people.
func (m *message) readText(text string) {
	if strings.Contains(text, "=") {
		m.readForm(text)
		return
	}
	m.note(wholeText, text, false, &m.whole)
}

// readForm reads fields as a form or an address has them. What cannot be read
// says nothing.
func (m *message) readForm(form string) {
	for pair := range strings.SplitSeq(form, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		if errName == nil && errValue == nil {
			m.readField(fold(name), value, &m.whole)
		}
	}
}

// readField reads a text, which may hold an object. Each level of quotes
// doubles the marks before the next, so there are few.
func (m *message) readField(field, text string, into *part) {
	if prefix, wraps := wrapped[field]; wraps && into == &m.whole {
		object := []byte(strings.TrimSpace(text))
		if len(object) > 0 && object[0] == '{' && json.Valid(object) && m.readWhole(object, prefix) == nil {
			return
		}
	}
	if field == "subscribeurl" && isConfirmation(text) {
		m.confirm = text
	}
	m.note(field, text, false, into)
}

// note adds what a field says. The first reason is kept.
func (m *message) note(field, value string, listedOnly bool, into *part) {
	v := words.fields[field]
	if v == nil {
		return
	}
	said := v.of(value, listedOnly)
	if said.over {
		into.over = cmp.Or(into.over, said.why)
	}
	if said.asks != "" && said.asks != m.direction {
		into.against = cmp.Or(into.against, said.why)
	}
	into.listed = into.listed || v.isName && m.lists(value)
}

func (m *message) lists(name string) bool {
	return slices.ContainsFunc(m.listed, func(one string) bool { return strings.EqualFold(one, strings.TrimSpace(name)) })
}

// answer weighs what was read: one alert that asks for something is enough,
// unless all of them are over, or meant for the other path.
func (m *message) answer() answer {
	parts := m.alerts
	if len(parts) == 0 {
		parts = []part{{}}
	}
	var best answer
	for _, p := range parts {
		p.against = cmp.Or(m.whole.against, p.against)
		p.over = cmp.Or(m.whole.over, p.over)
		p.listed = m.whole.listed || p.listed
		a := m.answerTo(p)
		if a.outcome == accepted {
			return a
		}
		if best.code == 0 || best.outcome == ignored {
			best = a
		}
	}
	return best
}

func (m *message) answerTo(p part) answer {
	switch {
	case p.against != "":
		return answer{code: http.StatusOK, outcome: contradictory, text: fmt.Sprintf("ignored: %s on /%s", p.against, m.direction)}
	case p.over != "":
		return answer{code: http.StatusOK, outcome: ignored, text: "ignored: " + p.over}
	case m.strict && !p.listed:
		return answer{code: http.StatusForbidden, outcome: unlisted, text: "no alert that counts is named"}
	default:
		return answer{code: http.StatusOK, outcome: accepted, text: "recorded: " + string(m.direction)}
	}
}
