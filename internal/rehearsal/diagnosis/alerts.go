package diagnosis

import (
	"context"
	"net/netip"
	"regexp"
	"strings"
)

// threshold is the CPU use in percent above which the pool has to grow.
const threshold = 80

// alertProblems says why alerts of a Grafana do not reach the autoscaler. Where there
// is no Grafana, it says nothing. The average CPU use is in percent, and negative if it
// is not known.
func (e *Examiner) alertProblems(ctx context.Context, p patient, average float64) []finding {
	load := atAverage(average)
	a, err := e.alerting(ctx, p.Address)
	if err != nil || a.rules == 0 && e.prometheusAlerts(ctx, p.Address) {
		return nil
	}
	const got = ", so that the autoscaler got no webhook"
	switch {
	case a.rules == 0:
		return []finding{{
			seen: p.named("Grafana has no alert rule" + got),
			do:   "give it one by provisioning: a folder mounted at /etc/grafana/provisioning/alerting",
		}}
	case a.firing > 0 && a.failedWebhooks > 0:
		return []finding{{
			seen: p.named("Grafana could not deliver %.0f of %.0f webhooks%s%s", a.failedWebhooks, a.webhooks, got, quoted(p, undelivered)),
			do:   webhookRemedy,
		}}
	case a.firing > 0 && a.webhooks == 0:
		return []finding{{
			seen: p.named("Grafana's alert fires%s, but it sent no webhook", load),
			do:   "give the alert a contact point of type webhook and a notification policy that leads there: " + webhookRemedy,
		}}
	case a.firing > 0:
		return []finding{{
			seen:   p.named("Grafana's alert fires%s, and %.0f webhooks were delivered, but the pool does not grow", load, a.webhooks),
			do:     "let the contact point of the alert above 80 % post to the autoscaler's /up; the autoscaler's log says what it does then",
			weight: symptom,
		}}
	case a.failedEvaluations > a.evaluations/2: // some fail before all has started
		return []finding{{
			seen: p.named("Grafana could not evaluate its alert rules%s%s", got, quoted(p, notEvaluated)),
			do:   "correct the query of the rule, and address and uid of its data source: Prometheus as seen from Grafana's container",
		}}
	case average >= 0 && average < threshold:
		return []finding{{
			seen: p.named("none of Grafana's %.0f alert rules fires%s: the clients do not load the members enough", a.rules, load),
			do:   "rehearse on a host with less other work",
		}}
	}
	return []finding{{
		seen: p.named("none of Grafana's %.0f alert rules fires%s%s", a.rules, load, got),
		do:   "compare the limit of the rule with what its query gives: 0.8 for a ratio, 80 for percent; it has to fire within 2 minutes, and " + webhookRemedy,
	}}
}

const webhookRemedy = "let Grafana's alert above 80 % post to http://AUTOSCALER:LISTEN_PORT/up as seen from Grafana's container (not localhost), evaluated each minute or more often"

// prometheusAlerts reports whether Prometheus has rules of its own, for an
// Alertmanager.
func (e *Examiner) prometheusAlerts(ctx context.Context, at netip.Addr) bool {
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct {
					Type string `json:"type"`
				} `json:"rules"`
			} `json:"groups"`
		} `json:"data"`
	}
	if e.ask(ctx, at, "/api/v1/rules?type=alert", &answer) != nil {
		return false
	}
	for _, g := range answer.Data.Groups {
		for _, r := range g.Rules {
			if r.Type == "alerting" {
				return true
			}
		}
	}
	return false
}

var (
	undelivered  = regexp.MustCompile(`(?i)notify|notification|webhook`)
	notEvaluated = regexp.MustCompile(`(?i)rule|evaluat|data ?source`)
	// message is the error in a line of Grafana's log, which may be cut short.
	message = regexp.MustCompile(`\b(?:err|error)="(?:.*attempts: )?((?:[^"\\]|\\.)*)`)
)

// quoted returns the last error of a kind in the log of Grafana's container, to be
// added to what is said; nothing where there is none.
func quoted(p patient, kind *regexp.Regexp) string {
	last := ""
	for _, c := range p.facts.Containers {
		if !strings.Contains(c.Image, "grafana") {
			continue
		}
		for _, line := range c.Log {
			if kind.MatchString(line) {
				last = line
			}
		}
	}
	if parts := message.FindStringSubmatch(last); parts != nil {
		last = strings.ReplaceAll(parts[1], `\"`, `"`)
	}
	if last == "" {
		return ""
	}
	return ": " + last
}
