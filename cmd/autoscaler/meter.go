package main

import (
	"cmp"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/internal/settings"
)

// defaultBusyQuery is the load of each member as the installed rules record it.
const defaultBusyQuery = `exopool:member_load:percent{job=""}`

// addMeter declares where it is learned how busy members are, which the order of
// eviction may need.
func addMeter(set *settings.Set, cfg *config, evict *settings.Setting) {
	cfg.Prometheus.Query = defaultBusyQuery
	server := settings.Add(set, &cfg.Prometheus.URL, settings.Spec{
		Flag: "prometheus-url", Env: "AUTOSCALER_PROMETHEUS_URL", Default: "members are not measured",
		Help:   "address of the Prometheus that knows how busy each member is",
		Remedy: "give an address such as http://127.0.0.1:9090, or leave it out and members are not measured",
	}, settings.URL())
	settings.Add(set, &cfg.Prometheus.Query, settings.Spec{
		Flag: "busy-query", Env: "AUTOSCALER_BUSY_QUERY",
		Help: "query for the CPU use of each member, or another measure of its work, with the member's address as the label instance",
	}, settings.Text("PROMQL", nil))
	set.Check(func() {
		if cfg.Loop.EvictionOrder == autoscale.LeastBusyFirst && cfg.Prometheus.URL == "" {
			server.Wrong("is missing: " + evict.String() + " is " + string(autoscale.LeastBusyFirst))
		}
		cfg.Prometheus.Query = cmp.Or(cfg.Prometheus.Query, defaultBusyQuery) // an empty flag overrides the variable
	}, evict, server)
}
