package grafana

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// lookInterval is how often a Grafana that starts is asked whether it is ready.
const lookInterval = 250 * time.Millisecond

// routeLabel is on the rules that ask the autoscaler for something.
const routeLabel = "autoscale"

// unhealthy is the health of a rule that cannot be evaluated.
const unhealthy = "error"

// AwaitReady returns when Grafana answers, can query the data source, and has
// evaluated the rules that ask the autoscaler for something, with no rule in
// bad health. The error says what was missing when ctx ended, or which fault of
// the files cannot heal.
func (s *Server) AwaitReady(ctx context.Context) error {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		missing := s.ready(ctx)
		if missing == nil {
			return nil
		}
		if faults := s.ProvisioningErrors(); len(faults) > 0 {
			return fmt.Errorf("wait for grafana: a fault in its files: %s", faults[0])
		}
		select {
		case <-s.ended:
			return errors.New("wait for grafana: it has ended")
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
		return errors.New("it has no rule that asks the autoscaler for something")
	}
	return s.CheckDatasource(ctx, "prometheus")
}
