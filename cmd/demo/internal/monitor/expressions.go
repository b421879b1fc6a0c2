package monitor

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"
)

// Expressions are the PromQL behind graphs and alerts. They have to be those
// of the Grafana provisioning, only with job and window filled in.
type expressions struct {
	members string // CPU use per instance, 0 to 1
	average string // CPU use of the pool, 0 to 100
	up      string // per instance, 1 if the last scrape worked
}

func newExpressions(job string, window time.Duration) expressions {
	w := model.Duration(window).String()
	members := fmt.Sprintf(
		`sum by (instance) (rate(node_cpu_seconds_total{job=%[1]q,mode!="idle"}[%[2]s]))`+
			` / sum by (instance) (rate(node_cpu_seconds_total{job=%[1]q}[%[2]s]))`, job, w)
	return expressions{
		members: members,
		average: "100 * avg(" + members + ")",
		up:      fmt.Sprintf("up{job=%q}", job),
	}
}
