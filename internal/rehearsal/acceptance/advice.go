package acceptance

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// advise gives an advice, once.
func (r *run) advise(text, seen string, hints ...string) {
	if !slices.ContainsFunc(r.Advice, func(a Advice) bool { return a.Text == text }) {
		r.Advice = append(r.Advice, Advice{Text: text, Seen: seen, Hints: hints})
	}
}

// adviseService looks at the service of the load balancer.
func (r *run) adviseService(context.Context) {
	s := r.service()
	if s.ID == "" {
		return
	}
	if s.TargetPort != 8080 {
		r.advise("the service forwards to port 8080", fmt.Sprintf("it forwards to %d", s.TargetPort))
	}
	if s.Protocol != "tcp" {
		r.advise("the protocol of the service is tcp", "it is "+s.Protocol)
	}
	if s.Healthcheck.Mode != "http" {
		r.advise("the health check is HTTP", "it is "+s.Healthcheck.Mode,
			"a TCP check calls a member healthy whose application only answers with errors")
	} else if s.Healthcheck.URI != "/health" {
		r.advise("the health check asks for /health", fmt.Sprintf("it asks for %q", s.Healthcheck.URI))
	}
}

// adviseKey looks for what the course's checker could not create: its key is for
// compute and object storage.
func (r *run) adviseKey() {
	var made []string
	for _, entry := range r.left() {
		kind, rest, _ := strings.Cut(entry, " ")
		if kind == "iam-role" || kind == "api-key" {
			name, _, _ := strings.Cut(rest, " ")
			made = append(made, kind+" "+name)
		}
	}
	if len(made) > 0 {
		r.advise("apply creates no roles and no API keys", "it creates "+strings.Join(made, ", "),
			"the checker applies with a key for compute and object storage, which may not create them: use that key itself")
	}
}

// adviseUp looks at what else Prometheus has.
func (r *run) adviseUp(ctx context.Context) {
	if r.failed[lineCPU] || ctx.Err() != nil {
		return
	}
	up := func(v float64) bool { return v == 1 }
	if holds, seen := r.haveValues(ctx, "up", up); !holds {
		r.advise("the metric up is 1 for all members", seen)
	}
}

// adviseGrafana looks for Grafana.
func (r *run) adviseGrafana(ctx context.Context) {
	if r.Ability < Boot || r.failed[lineEmptied1] || ctx.Err() != nil {
		return
	}
	const text = "Grafana answers on port 3000 of the instance outside the pool"
	server, err := r.monitoringAt(3000)
	if err != nil {
		return
	}
	switch status, _, err := r.get(ctx, server+"/api/health"); {
	case err != nil:
		r.advise(text, err.Error())
	case status != http.StatusOK:
		r.advise(text, fmt.Sprintf("/api/health answers %d", status))
	}
}
