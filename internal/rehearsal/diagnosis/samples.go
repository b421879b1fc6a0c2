package diagnosis

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// rateWindow is the time over which the checker's query computes rates, for which it
// needs two values.
const rateWindow = time.Minute

// sampleProblems says what Prometheus lacks of members that it scrapes.
func (e *Examiner) sampleProblems(ctx context.Context, p patient, targets []target) (found []finding) {
	has, err := e.hosts(ctx, p, "count by (instance) (node_cpu_seconds_total)")
	if err != nil {
		return nil
	}
	rated, err := e.hosts(ctx, p, "count by (instance) (rate(node_cpu_seconds_total[1m]))")
	if err != nil {
		return nil
	}
	members := e.runningMembers()
	for _, t := range targets {
		host, _ := t.address()
		if _, ok := members[host]; !ok || rated[host] {
			continue
		}
		interval, err := time.ParseDuration(t.ScrapeInterval)
		switch {
		case !has[host] && t.Health == "up":
			found = append(found, finding{
				seen: fmt.Sprintf("Prometheus scrapes %s, which has no metric node_cpu_seconds_total", t.DiscoveredLabels["__address__"]),
				do:   "let it be a node exporter with the collector cpu, and do not drop its metrics",
			})
		case err == nil && 2*interval > rateWindow:
			found = append(found, finding{
				seen: fmt.Sprintf("Prometheus scrapes %s every %s, but a rate over 1m needs two values in that time", t.DiscoveredLabels["__address__"], interval),
				do:   "set scrape_interval to 15s or less",
			})
		}
	}
	return found
}

// hosts returns of whom a query has results, by the part of the label instance before
// the colon.
func (e *Examiner) hosts(ctx context.Context, p patient, expression string) (map[string]bool, error) {
	results, err := e.query(ctx, p.Address, expression)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, s := range results {
		host, _, _ := strings.Cut(s.Metric["instance"], ":")
		found[host] = true
	}
	return found, nil
}
