package grafanaserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// pollInterval is how often a starting Grafana is checked.
const pollInterval = 250 * time.Millisecond

// routeLabel is on the rules that send webhooks to the autoscaler.
const routeLabel = "autoscale"

// unhealthy is the health of a rule that cannot be evaluated.
const unhealthy = "error"

// AwaitReady returns when Grafana answers, can query the data source, and has
// evaluated the rules that send webhooks to the autoscaler, with no rule in bad
// health. The error says what was missing when ctx ended, or which of the files
// has an error.
func (s *Server) AwaitReady(ctx context.Context) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		missing := s.ready(ctx)
		if missing == nil {
			return nil
		}
		if faults := s.ProvisioningErrors(); len(faults) > 0 {
			return fmt.Errorf("wait for grafana: error in its files: %s", faults[0])
		}
		select {
		case <-s.ended:
			return errors.New("wait for grafana: it has exited")
		case <-ctx.Done():
			return fmt.Errorf("wait for grafana: %w: %w", context.Cause(ctx), missing)
		case <-tick.C:
		}
	}
}

func (s *Server) ready(ctx context.Context) error {
	if err := s.call(ctx, http.MethodGet, "/api/health", nil, nil); err != nil {
		return err
	}
	rules, err := s.Rules(ctx)
	if err != nil {
		return err
	}
	scaling := 0
	for _, rule := range rules {
		if rule.Health == unhealthy {
			return fmt.Errorf("its rule %s cannot be evaluated: %s", rule.Name, rule.LastError)
		}
		if rule.Labels[routeLabel] == "" {
			continue
		}
		scaling++
		if rule.LastEvaluation.IsZero() {
			return fmt.Errorf("it has not evaluated the rule %s yet", rule.Name)
		}
	}
	if scaling == 0 {
		return fmt.Errorf("it has no rule with the label %s", routeLabel)
	}
	return s.CheckDatasource(ctx, "prometheus")
}
