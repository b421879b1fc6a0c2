package monitor

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"
)

// MembersExpression is the PromQL for the CPU use of each member, by
// instance, from 0 to 1. It is that of the Grafana provisioning with job and
// window filled in.
func MembersExpression(job string, window time.Duration) string {
	return fmt.Sprintf(
		`sum by (instance) (rate(node_cpu_seconds_total{job=%[1]q,mode!="idle"}[%[2]s]))`+
			` / sum by (instance) (rate(node_cpu_seconds_total{job=%[1]q}[%[2]s]))`,
		job, model.Duration(window))
}

// AverageExpression is the PromQL for the average of [MembersExpression] over
// the pool, in percent. Both alerts and both graphs show it.
func AverageExpression(job string, window time.Duration) string {
	return "100 * avg(" + MembersExpression(job, window) + ")"
}

// upExpression is 1 per instance whose last scrape worked, else 0.
func upExpression(job string) string { return fmt.Sprintf("up{job=%q}", job) }
