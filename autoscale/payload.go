package autoscale

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// payload is the part of a webhook body that decides whether it counts. One
// shape serves the three dialects, because they share names where they share
// meanings:
//
//   - Grafana 10 to 13 (unified alerting): status, state and alerts[]
//   - Prometheus Alertmanager, version 4: status and alerts[]
//   - legacy Grafana: flat, with state and ruleName
//
// Everything else in a body is ignored, and so is a field of an unexpected
// type: senders add and change fields from release to release.
type payload struct {
	Status       text   `json:"status"`
	State        text   `json:"state"`
	RuleName     text   `json:"ruleName"`
	CommonLabels labels `json:"commonLabels"`
	Alerts       alerts `json:"alerts"`
}

type alert struct {
	Status      text        `json:"status"`
	Labels      labels      `json:"labels"`
	Annotations annotations `json:"annotations"`
}

type labels struct {
	AlertName text `json:"alertname"`
}

type annotations struct {
	// StateReason is set by Grafana when a rule alerts only because there
	// were no data or the query failed.
	StateReason text `json:"grafana_state_reason"`
}

// notLoad are alerts that say nothing about the load: Grafana's test button,
// and its alerts about its own data sources. They come as firing.
var notLoad = []text{"TestAlert", "DatasourceNoData", "DatasourceError"}

// errNotObject: the body is JSON, but not an object.
var errNotObject = errors.New("a JSON object is expected")

func parsePayload(body []byte) (payload, error) {
	var p payload
	if !json.Valid(body) {
		// Unmarshal tells where the fault is.
		var whole json.RawMessage
		return p, json.Unmarshal(body, &whole)
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); trimmed[0] != '{' {
		return p, errNotObject
	}
	return p, json.Unmarshal(body, &p)
}

// ignoredBecause returns why the body asks for nothing, or "" if it counts.
func (p payload) ignoredBecause() string {
	switch {
	case p.Status.is("resolved"):
		return "resolved"
	case p.State.is("ok"), p.State.is("no_data"):
		return "state " + strings.ToLower(string(p.State))
	case len(p.Alerts) > 0:
		return p.noneFiring()
	case slices.Contains(notLoad, p.CommonLabels.AlertName):
		return string(p.CommonLabels.AlertName)
	case slices.Contains(notLoad, p.RuleName):
		return string(p.RuleName)
	default:
		return ""
	}
}

// noneFiring returns "" if at least one alert is about load and firing.
func (p payload) noneFiring() string {
	why := "no alert is firing"
	for _, a := range p.Alerts {
		name := a.Labels.AlertName
		if name == "" {
			name = p.CommonLabels.AlertName
		}
		reason := string(a.Annotations.StateReason)
		switch {
		case a.Status != "" && !a.Status.is("firing"):
		case slices.Contains(notLoad, name):
			why = string(name)
		case strings.HasPrefix(reason, "NoData"), strings.HasPrefix(reason, "Error"):
			why = "alerting for want of data"
		default:
			return ""
		}
	}
	return why
}

// text is a string; any other JSON value is read as the empty string.
type text string

func (t text) is(word string) bool { return strings.EqualFold(string(t), word) }

func (t *text) UnmarshalJSON(data []byte) error {
	var s string
	if data[0] != '"' {
		return nil
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*t = text(s)
	return nil
}

func (l *labels) UnmarshalJSON(data []byte) error {
	type plain labels
	return unmarshalObject(data, (*plain)(l))
}

func (a *annotations) UnmarshalJSON(data []byte) error {
	type plain annotations
	return unmarshalObject(data, (*plain)(a))
}

func (a *alert) UnmarshalJSON(data []byte) error {
	type plain alert
	return unmarshalObject(data, (*plain)(a))
}

// unmarshalObject leaves target alone when the value is not an object.
func unmarshalObject(data []byte, target any) error {
	if data[0] != '{' {
		return nil
	}
	return json.Unmarshal(data, target)
}

// alerts is the list of a grouped notification. An empty one says nothing, as
// if there were none.
type alerts []alert

func (a *alerts) UnmarshalJSON(data []byte) error {
	if data[0] != '[' {
		return nil
	}
	return json.Unmarshal(data, (*[]alert)(a))
}
