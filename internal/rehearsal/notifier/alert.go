package notifier

import (
	"maps"
	"time"

	"github.com/prometheus/common/model"
)

// An Alert is one alert that fires.
type Alert struct {
	// Labels identify the alert. Groups match on "alertname" and
	// "autoscale".
	Labels      map[string]string
	Annotations map[string]string
	Value       float64   // of the alert's expression when it was last evaluated
	StartsAt    time.Time // since when it fires
}

// A payload is the body of an Alertmanager webhook, version 4.
type payload struct {
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   int               `json:"truncatedAlerts"`
	Status            string            `json:"status"`
	Receiver          string            `json:"receiver"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Alerts            []payloadAlert    `json:"alerts"`
}

type payloadAlert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"` // year 1 while it fires
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

func newPayload(r route, firing []Alert) payload {
	p := payload{
		Version:     "4",
		GroupKey:    r.groupKey(),
		Status:      "firing",
		Receiver:    "autoscaler-" + r.direction,
		GroupLabels: map[string]string{model.AlertNameLabel: r.alertname},
	}
	labels := make([]map[string]string, 0, len(firing))
	annotations := make([]map[string]string, 0, len(firing))
	for _, a := range firing {
		labels = append(labels, a.Labels)
		annotations = append(annotations, a.Annotations)
		p.Alerts = append(p.Alerts, payloadAlert{
			Status:      "firing",
			Labels:      a.Labels,
			Annotations: a.Annotations,
			StartsAt:    a.StartsAt,
			Fingerprint: fingerprint(a.Labels),
		})
	}
	p.CommonLabels, p.CommonAnnotations = common(labels), common(annotations)
	return p
}

// common returns the pairs that all sets have.
func common(sets []map[string]string) map[string]string {
	shared := map[string]string{}
	if len(sets) == 0 {
		return shared
	}
	maps.Copy(shared, sets[0])
	for _, set := range sets[1:] {
		maps.DeleteFunc(shared, func(name, value string) bool {
			other, ok := set[name]
			return !ok || other != value
		})
	}
	return shared
}

func fingerprint(labels map[string]string) string {
	set := make(model.LabelSet, len(labels))
	for name, value := range labels {
		set[model.LabelName(name)] = model.LabelValue(value)
	}
	return set.Fingerprint().String()
}
