package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/policy"
	"github.com/exopool/exopool/promquery"
)

// policySettings are those of a policy that decides by the load.
type policySettings struct {
	Name         policyName
	Tolerance    float64 // in percent
	Steps        policy.Steps
	Shortage     float64 // in percent
	Worth        float64
	CPUObjective float64 // in percent; 0: CPU use is no signal
	LoadQuery    string
	PerMember    float64
}

// A policyName is what a user calls a policy.
type policyName string

// The policies that can be set.
const (
	policyStep   policyName = "step"
	policySteps  policyName = "steps"
	policyTarget policyName = "target"
	policyFollow policyName = "follow"
)

// hpaStabilization is how long the Horizontal Pod Autoscaler waits with shrinking.
const hpaStabilization = 5 * time.Minute

// addPolicy declares what decides about the size, and by which signals.
func addPolicy(set *settings.Set, cfg *config) {
	into := &cfg.Policy
	*into = policySettings{Name: policyStep, Tolerance: 10, CPUObjective: 80, Shortage: 0.1, Worth: 20}
	into.Steps.Up = []policy.Step{{Threshold: 100, Members: 1}}
	into.Steps.Down = []policy.Step{{Threshold: 25, Members: 1}}
	name := settings.Add(set, &into.Name, settings.Spec{
		Flag: "policy", Env: "AUTOSCALER_POLICY",
		Help: "what decides about the size: step by webhooks, steps, target or follow by the load, which need -prometheus-url",
	}, settings.OneOf("POLICY", policyStep, policySteps, policyTarget, policyFollow))
	settings.Add(set, &into.CPUObjective, settings.Spec{
		Flag: "cpu-objective", Env: "AUTOSCALER_CPU_OBJECTIVE",
		Help: "CPU use in percent that members are to have, of what -busy-query measures; none if it is no signal",
	}, settings.Float(1, 100).Or("none", 0))
	query := settings.Add(set, &into.LoadQuery, settings.Spec{
		Flag: "load-query", Env: "AUTOSCALER_LOAD_QUERY", Default: "none",
		Help: "query for the load of the pool as one value that does not saturate, such as requests per second",
	}, settings.Text("PROMQL", nil))
	perMember := settings.Add(set, &into.PerMember, settings.Spec{
		Flag: "load-per-member", Env: "AUTOSCALER_LOAD_PER_MEMBER", Default: "none",
		Help: "how much of -load-query one member can take", Remedy: "give a number above 0",
	}, settings.Float(1e-9, 1e12))
	settings.Add(set, &into.Tolerance, settings.Spec{
		Flag: "tolerance", Env: "AUTOSCALER_TOLERANCE",
		Help: "with -policy target: how far from their objective members may be, in percent of it",
	}, settings.Float(0, 100))
	settings.Add(set, &into.Shortage, settings.Spec{
		Flag: "shortage", Env: "AUTOSCALER_SHORTAGE",
		Help: "with -policy follow: how much of the load may find no member, in percent, as a mean over time",
	}, settings.Float(0.001, 50))
	settings.Add(set, &into.Worth, settings.Spec{
		Flag: "shortage-worth", Env: "AUTOSCALER_SHORTAGE_WORTH",
		Help: "with -policy follow: how many percent more the pool may cost for one percent less shortage; more shortage than -shortage rather than that",
	}, settings.Float(1, 1000))
	settings.Add(set, &into.Steps.Up, settings.Spec{
		Flag: "steps-up", Env: "AUTOSCALER_STEPS_UP",
		Help: "with -policy steps: how the pool grows where members have more than so many percent of their objective, such as 100:1,120:50%",
	}, settings.List(step()))
	settings.Add(set, &into.Steps.Down, settings.Spec{
		Flag: "steps-down", Env: "AUTOSCALER_STEPS_DOWN",
		Help: "with -policy steps: how the pool shrinks where members have less than so many percent of their objective",
	}, settings.List(step()))
	set.Check(func() {
		switch {
		case into.Name == policyStep:
			return
		case cfg.Prometheus.URL == "":
			name.Wrong("is " + string(into.Name) + ", which needs -prometheus-url")
		case into.LoadQuery != "" && into.PerMember == 0:
			perMember.Wrong("is missing: " + query.String() + " is set")
		case into.LoadQuery == "" && into.CPUObjective == 0:
			query.Wrong("is missing: the policy has no other signal, because -cpu-objective is none")
		}
	}, name, query, perMember)
}

// step is a size, by count or percent, from a threshold on.
func step() settings.Kind[policy.Step] {
	return settings.Kind[policy.Step]{
		Parse: func(text string) (policy.Step, error) {
			threshold, size, found := strings.Cut(text, ":")
			percent := strings.HasSuffix(size, "%")
			from, err := strconv.ParseFloat(threshold, 64)
			by, sizeErr := strconv.ParseFloat(strings.TrimSuffix(size, "%"), 64)
			if !found || err != nil || sizeErr != nil || !(from >= 0 && from <= 1e6) || !(by > 0 && by <= autoscale.MaxSize) {
				return policy.Step{}, settings.ErrMalformed
			}
			if percent {
				return policy.Step{Threshold: from, Percent: by}, nil
			}
			if by != float64(int(by)) {
				return policy.Step{}, settings.ErrMalformed
			}
			return policy.Step{Threshold: from, Members: int(by)}, nil
		},
		Format: func(s policy.Step) string {
			if s.Percent > 0 {
				return fmt.Sprintf("%g:%g%%", s.Threshold, s.Percent)
			}
			return fmt.Sprintf("%g:%d", s.Threshold, s.Members)
		},
		Arg:    "PERCENT:SIZE",
		Remedy: "give thresholds and sizes, such as 100:1,120:50%",
	}
}

// follow makes the loop decide by the load, if that is set.
func (s policySettings) follow(loop *autoscale.Config, prometheus promquery.Config) error {
	switch s.Name {
	case policyTarget:
		loop.Policy = policy.Target{Tolerance: s.Tolerance / 100}
	case policySteps:
		loop.Policy = s.Steps
	case policyFollow:
		follow, err := policy.NewFollow(policy.FollowConfig{Shortage: s.Shortage / 100, Worth: s.Worth})
		if err != nil {
			return err
		}
		loop.Policy = follow
	default:
		return nil
	}
	loop.CPUObjective = s.CPUObjective
	if s.LoadQuery == "" {
		return nil
	}
	prometheus.Query = s.LoadQuery
	client, err := promquery.New(prometheus)
	if err != nil {
		return err
	}
	loop.Signals = []autoscale.Signal{autoscale.Amount{
		PerMember: s.PerMember,
		Source: func(ctx context.Context) (autoscale.Reading, error) {
			value, at, err := client.Value(ctx)
			return autoscale.Reading{Value: value, At: at}, err
		},
	}}
	return nil
}
