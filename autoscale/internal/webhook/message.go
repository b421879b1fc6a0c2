package webhook

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

// A message is the content of a webhook. Only fields in the tables of formats.go
// are read: senders add and change others from release to release. A field that
// occurs twice is read twice, so that one end is enough.
type message struct {
	direction string   // of the path that it came to
	strict    bool     // only listed alerts count
	listed    []string // names of the alerts that count

	common alert   // what holds for all alerts
	alerts []alert // of a list of alerts

	confirmURL string // confirms a subscription of SNS; or ""
}

// An alert is what a message says about one alert.
type alert struct {
	ignored     string // why it asks for nothing; or ""
	contradicts string // why it is meant for the other path; or ""
	listed      bool   // it has the name of an alert that counts
}

// errNotObject: the body is JSON, but not an object.
var errNotObject = errors.New("a JSON object is expected")

func (m *message) readJSON(body []byte) error {
	if !json.Valid(body) {
		// Unmarshal says where the mistake is.
		var whole json.RawMessage
		return json.Unmarshal(body, &whole)
	}
	if body[0] != '{' {
		return errNotObject
	}
	return m.readCommon(body, "")
}

// readCommon reads a valid object that is about all alerts. Its fields are known
// by their names after prefix.
func (m *message) readCommon(object []byte, prefix string) error {
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.UseNumber()
	if _, err := decoder.Token(); err != nil { // its opening brace
		return err
	}
	return m.readObject(decoder, prefix, &m.common)
}

// readObject reads what follows the opening brace of an object.
func (m *message) readObject(decoder *json.Decoder, prefix string, into *alert) error {
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
func (m *message) readValue(decoder *json.Decoder, field string, into *alert) error {
	value, err := decoder.Token()
	if err != nil {
		return err
	}
	switch v := value.(type) {
	case json.Delim:
		switch {
		case v == '{' && known.parents[field]:
			return m.readObject(decoder, field+".", into)
		case v == '[' && field == "alerts" && into == &m.common:
			return m.readAlerts(decoder)
		default:
			return skip(decoder)
		}
	case string:
		m.readField(field, v, into)
	case json.Number:
		m.addField(field, v.String(), false, into)
	case bool:
		m.addField(field, strconv.FormatBool(v), true, into)
	default:
		m.addField(field, "null", true, into)
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
		var one alert
		switch value {
		case json.Delim(']'):
			return nil
		case json.Delim('{'):
			err = m.readObject(decoder, "alerts.", &one)
		case json.Delim('['):
			err = skip(decoder)
		}
		if err != nil {
			return err
		}
		m.alerts = append(m.alerts, one)
	}
}

// skip reads to the end of the object or list that has begun.
func skip(decoder *json.Decoder) error {
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
	m.addField(wholeText, text, false, &m.common)
}

// readForm reads the fields of a form or of an address. It skips what it cannot
// read.
func (m *message) readForm(form string) {
	for pair := range strings.SplitSeq(form, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		if errName == nil && errValue == nil {
			m.readField(fold(name), value, &m.common)
		}
	}
}

// readField reads a text, which may hold an object. Each level of quotes doubles
// the marks of the one before, so there are few levels.
func (m *message) readField(field, text string, into *alert) {
	if prefix, wraps := wrapped[field]; wraps && into == &m.common {
		object := []byte(strings.TrimSpace(text))
		if len(object) > 0 && object[0] == '{' && json.Valid(object) && m.readCommon(object, prefix) == nil {
			return
		}
	}
	if field == "subscribeurl" && isConfirmation(text) {
		m.confirmURL = text
	}
	m.addField(field, text, false, into)
}

// addField adds what a field says. The first reason wins.
func (m *message) addField(field, value string, listedOnly bool, into *alert) {
	v := known.fields[field]
	if v == nil {
		return
	}
	means := v.meaning(value, listedOnly)
	if means.ignored {
		into.ignored = cmp.Or(into.ignored, means.why)
	}
	if means.direction != "" && means.direction != m.direction {
		into.contradicts = cmp.Or(into.contradicts, means.why)
	}
	into.listed = into.listed || v.isName && m.isListed(value)
}

func (m *message) isListed(name string) bool {
	return slices.ContainsFunc(m.listed, func(one string) bool { return strings.EqualFold(one, strings.TrimSpace(name)) })
}

// answer returns the answer to the message. One alert that asks for something
// is enough.
func (m *message) answer() Answer {
	alerts := m.alerts
	if len(alerts) == 0 {
		alerts = []alert{{}}
	}
	var best Answer
	for _, one := range alerts {
		one.contradicts = cmp.Or(m.common.contradicts, one.contradicts)
		one.ignored = cmp.Or(m.common.ignored, one.ignored)
		one.listed = m.common.listed || one.listed
		a := m.answerTo(one)
		if a.Outcome == Accepted {
			return a
		}
		if best.Code == 0 || best.Outcome == Ignored {
			best = a
		}
	}
	return best
}

func (m *message) answerTo(one alert) Answer {
	switch {
	case one.contradicts != "":
		return Answer{Code: http.StatusOK, Outcome: Contradictory, Text: fmt.Sprintf("ignored: %s on /%s", one.contradicts, m.direction)}
	case one.ignored != "":
		return Answer{Code: http.StatusOK, Outcome: Ignored, Text: "ignored: " + one.ignored}
	case m.strict && !one.listed:
		return Answer{Code: http.StatusForbidden, Outcome: Unlisted, Text: "names no alert that counts"}
	default:
		return Answer{Code: http.StatusOK, Outcome: Accepted, Text: "recorded: " + m.direction}
	}
}
