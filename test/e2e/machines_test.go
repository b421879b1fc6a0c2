package e2e_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gruntwork-io/terratest/modules/logger"
	"github.com/gruntwork-io/terratest/modules/terraform"
	terratesting "github.com/gruntwork-io/terratest/modules/testing"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/internal/programtest"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
)

// TestWholeSystemOnMachinesThatBoot applies the module as users do, its
// provisioners included, and holds it to every line that the course's checker
// looks at, in real time. It takes a quarter of an hour, nearly all of it
// waiting for alerts and turns.
func TestWholeSystemOnMachinesThatBoot(t *testing.T) {
	tools := open(t)
	network := bootingNetwork{prefix: "exopoole2e", addresses: "198.19.0.0/20"}
	network.config(t, slog.New(slog.DiscardHandler)) // skips
	t.Parallel()
	packages, variables := grafanaSource(t), map[string]any{}
	if packages != nil {
		variables["grafana_major"] = grafanaMajor
	}
	c, said := newBootingCloud(t, network, 1, packages.hosts())
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the cloud:\n%s", said)
		}
	})
	key, secret := c.Credential()
	i := prepare(t, tools, key, secret, c.environ, variables)
	if packages != nil {
		packages.trust(t, i)
	}
	voice := &programtest.Output{}
	i.options.Logger = logger.New(terraformVoice{voice})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("Terraform:\n%s", voice)
		}
	})
	installer := &terratester{t: t, installation: i}
	verdict, err := acceptance.Run(t.Context(), context.WithoutCancel(t.Context()), acceptance.Config{
		Installer: installer, Cloud: c, Ability: acceptance.Boot, Beyond: true,
		NewLoad: func(url string) (acceptance.Load, error) { return newVisitors(url) },
		Report: func(r acceptance.Result) {
			t.Logf("%-10s %-70s %6s of %s %s", r.Scenario, r.Line, r.Took.Round(100*time.Millisecond), r.Limit, r.Note)
			assert.NotEqual(t, acceptance.Failed, r.Outcome, "%s: %s", r.Line, r.Note)
			if r.Sprint > 0 {
				// We promise more than the checker asks for. An apply ends when
				// everything answers: so the limits for healthy members, Prometheus
				// and Grafana bound it, too.
				assert.Less(t, r.Took, 5*time.Minute, r.Line)
			}
			if strings.HasPrefix(r.Line, "members are added") {
				i.unchanged(t) // though the pool has another size than Terraform gave it
			}
		},
	})
	require.NoError(t, err)
	for _, r := range verdict.Results {
		if r.Sprint > 0 && r.Optional {
			continue // they need an engine for containers
		}
		assert.True(t, t.Failed() || r.Outcome == acceptance.Passed, "skipped: %s: %s", r.Line, r.Note)
	}
	if assert.Len(t, verdict.Advice, 1) { // by default the monitoring machine gets a key of its own
		assert.Contains(t, verdict.Advice[0].Seen, "api-key")
	}
	assert.NotContains(t, said.String(), secret)
}

// A terraformVoice collects what Terraform says, secrets included: it is shown
// only when this test, whose secrets are worth nothing, has failed.
type terraformVoice struct{ *programtest.Output }

func (v terraformVoice) Logf(_ terratesting.TestingT, format string, args ...any) {
	fmt.Fprintf(v, format+"\n", args...)
}

// A terratester installs what is judged.
type terratester struct {
	installation

	t *testing.T
}

func (i *terratester) Apply(context.Context) error {
	_, err := terraform.ApplyE(i.t, i.options)
	return err
}

func (i *terratester) Destroy(context.Context) error {
	_, err := terraform.DestroyE(i.t, i.options)
	return err
}

func (i *terratester) Resources(context.Context) (addresses []string, err error) {
	for _, r := range i.state(i.t) {
		addresses = append(addresses, r.Address)
	}
	return addresses, nil
}

// Each request keeps all CPUs of a member busy for ten seconds, so that ten
// clients without a pause would keep any number of members busy. Visitors
// come one after the other and pause: one request every five seconds, which
// three members can take with a third of their time to spare.
const (
	visitPeriod = 50 * time.Second
	arrival     = visitPeriod / 10
)

// Visitors are clients that do not all come at once.
type visitors struct {
	player *traffic.Generator

	mu   sync.Mutex
	want int
	more chan struct{}
}

func newVisitors(url string) (*visitors, error) {
	player, err := traffic.New(traffic.Config{
		URL: url, Period: visitPeriod, MaxClients: 10, Timeout: 2 * time.Minute,
		Transport: &http.Transport{DisableKeepAlives: true},
	})
	return &visitors{player: player, more: make(chan struct{}, 1)}, err
}

// Run lets them come.
func (v *visitors) Run(ctx context.Context) error {
	var coming sync.WaitGroup
	coming.Go(func() {
		ticker := time.NewTicker(arrival)
		defer ticker.Stop()
		for {
			v.mu.Lock()
			if here := v.player.Clients(); here < v.want {
				v.player.SetClients(here + 1)
			}
			v.mu.Unlock()
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			case <-v.more:
			}
		}
	})
	defer coming.Wait()
	return v.player.Run(ctx)
}

// SetClients makes that many come, or the others go at once.
func (v *visitors) SetClients(n int) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.want = n
	if n < v.player.Clients() {
		v.player.SetClients(n)
	}
	select {
	case v.more <- struct{}{}:
	default:
	}
	return n
}
