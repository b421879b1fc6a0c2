package diagnosis

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"strconv"
)

// silence says that nothing on the monitoring machine calls the API, and why, if so.
func (e *Examiner) silence(p patient) []finding {
	if e.cfg.Account.Callers()[p.Address].Calls > 0 {
		return nil
	}
	if e.cfg.Untrusting != nil {
		if hosts := e.cfg.Untrusting(); len(hosts) > 0 {
			return []finding{{
				seen: "a program connected to " + hosts[0] + " and does not trust its certificate",
				do:   "let it use the machine's certificates: mount /etc/ssl/certs into its container, and do not replace them",
			}}
		}
	}
	return []finding{{
		seen:   p.named("it has never called the API: neither discovery nor autoscaler does anything there"),
		do:     "start them there, and do not fix the API's address; a container needs the machine's certificates and DNS",
		weight: symptom,
	}}
}

// scalingProblems says why nobody makes the pool bigger.
func (e *Examiner) scalingProblems(ctx context.Context, p patient) []finding {
	if found := e.silence(p); len(found) > 0 {
		return found
	}
	average := e.average(ctx, p.Address)
	if found := e.alertProblems(ctx, p, average); len(found) > 0 {
		return found
	}
	if e.cfg.Account.Callers()[p.Address].Operations["scale-instance-pool"] > 0 {
		return nil
	}
	return []finding{{
		seen:   p.named("it calls the API, but has never resized the pool: its autoscaler got no webhook%s", atAverage(average)),
		do:     webhookRemedy,
		weight: symptom,
	}}
}

const averageQuery = `100 * avg(sum by (instance) (rate(node_cpu_seconds_total{mode!="idle"}[1m])) / sum by (instance) (rate(node_cpu_seconds_total[1m])))`

// average returns the members' average CPU use in percent; a negative one if Prometheus
// has none.
func (e *Examiner) average(ctx context.Context, at netip.Addr) (percent float64) {
	results, err := e.query(ctx, at, averageQuery)
	if err != nil || len(results) != 1 {
		return -1
	}
	text, _ := results[0].Value[1].(string)
	percent, err = strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(percent) { // as long as nothing was measured
		return -1
	}
	return percent
}

// atAverage is what is to be said of an average; nothing if it is not known.
func atAverage(percent float64) string {
	if percent < 0 {
		return ""
	}
	return fmt.Sprintf(", at an average CPU use of %.0f %%", percent)
}
