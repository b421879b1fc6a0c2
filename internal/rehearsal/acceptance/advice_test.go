package acceptance_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// What the course's checker does not look at fails nothing.
func TestEachMistakeBeyondTheCheckerIsAnAdvice(t *testing.T) {
	tests := []struct {
		name    string
		mistake func(*solution)
		advice  acceptance.Advice // without its hints
	}{
		{"service to another port", func(s *solution) { s.port = 80 }, acceptance.Advice{Text: "the service forwards to port 8080", Seen: "it forwards to 80"}},
		{"health check elsewhere", func(s *solution) { s.uri = "/" }, acceptance.Advice{Text: "the health check asks for /health", Seen: `it asks for "/"`}},
		{"another status", func(s *solution) { s.status = http.StatusAccepted }, acceptance.Advice{Text: "/health answers with status 200", Seen: "it is 202"}},
		{"members that are down", func(s *solution) { s.down = true }, acceptance.Advice{Text: "the metric up is 1 for all members", Seen: "0 of 1 member"}},
		{"no Grafana", func(s *solution) { s.noGrafana = true }, acceptance.Advice{
			Text: "Grafana answers on port 3000 of the instance outside the pool", Seen: "connection refused",
		}},
		{"a size in the configuration", func(s *solution) { s.resets = true }, acceptance.Advice{
			Text: "another apply leaves the size of the pool to the autoscaler", Seen: "the pool went from 1 to 3 meanwhile",
		}},
		{"another machine with each apply", func(s *solution) { s.replaces = true }, acceptance.Advice{
			Text: "another apply changes nothing", Seen: "it replaced pool, load balancer or monitoring machine",
		}},
		{"a role", func(s *solution) { s.grants = true }, acceptance.Advice{Text: "apply creates no roles and no API keys", Seen: "it creates iam-role scaler"}},
		{"something forgotten", func(s *solution) { s.forgets = true }, acceptance.Advice{Text: "terraform destroy leaves nothing in the account", Seen: "still there: instance monitoring"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSolution(t)
				test.mistake(s)
				verdict := rehearse(t.Context(), t, s.config())
				assert.Empty(t, failed(verdict))
				if assert.Len(t, verdict.Advice, 1) {
					assert.Equal(t, test.advice.Text, verdict.Advice[0].Text)
					assert.Contains(t, verdict.Advice[0].Seen, test.advice.Seen)
				}
			})
		})
	}
}

func TestSizeThatAnApplyResetsIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		s.resets = true
		verdict := rehearse(t.Context(), t, s.config())
		assert.Equal(t, "the pool went from 1 to 3 meanwhile", find(t, verdict, "scaling", lineApply).Note)
		assert.Contains(t, verdict.Advice[0].Hints[0], "ignore_changes = [size]")
	})
}

func TestFurtherAdviceIsAskedForOnceSomethingIsInstalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		cfg := s.config()
		cfg.Advise = func() []acceptance.Advice {
			return []acceptance.Advice{{Text: "members are there", Seen: s.members()[0].Name}}
		}
		verdict := rehearse(t.Context(), t, cfg)
		assert.Len(t, verdict.Advice, 1)
		assert.Empty(t, failed(verdict))
	})
	synctest.Test(t, func(t *testing.T) {
		s := newSolution(t)
		cfg := s.config()
		cfg.Advise = func() []acceptance.Advice { panic("nothing is installed") }
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		assert.Empty(t, rehearse(ctx, t, cfg).Advice)
	})
}
