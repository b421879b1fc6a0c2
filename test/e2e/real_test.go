package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	egoscale "github.com/exoscale/egoscale/v2"
	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
	"github.com/exopool/exopool/sweep"
)

// realLimit is when everything is deleted, whatever the test is doing.
const realLimit = 75 * time.Minute

// TestRealAccountScalesAndLeavesNothing costs money: some cents, for about an
// hour. It does by itself what the other test does on this host, and must
// be asked for by three variables. Run it with -timeout 2h: killed by go test,
// or with Ctrl-C, it cannot clean up.
func TestRealAccountScalesAndLeavesNothing(t *testing.T) {
	key, secret := os.Getenv("EXOSCALE_KEY"), os.Getenv("EXOSCALE_SECRET")
	if os.Getenv("EXOPOOL_REAL_CLOUD") != "yes" || key == "" || secret == "" {
		t.Skip("costs money: runs only with EXOPOOL_REAL_CLOUD=yes, EXOSCALE_KEY and EXOSCALE_SECRET, and " + enable + "=1")
	}
	tools := open(t)
	if end, bounded := t.Deadline(); bounded {
		require.Greater(t, time.Until(end), realLimit+15*time.Minute, "go test would kill this before it can clean up: use -timeout 2h")
	}
	client, err := egoscale.NewClient(key, secret, egoscale.ClientOptWithHTTPClient(&http.Client{}), egoscale.ClientOptWithTimeout(10*time.Minute))
	require.NoError(t, err)
	i := prepare(t, tools, key, secret, map[string]string{}, map[string]any{"maximum": limit})
	t.Logf("REAL CLOUD: installation %s; at %s everything named so is deleted", i.name, time.Now().Add(realLimit).Format(time.TimeOnly))

	clean := func() {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
		defer cancel()
		assert.NoError(t, removeAll(ctx, key, secret, i.name), "LOOK INTO THE PORTAL for things named %s: they cost money", i.name)
	}
	expired := make(chan struct{})
	watchdog := time.AfterFunc(realLimit, func() {
		defer close(expired)
		t.Errorf("not done after %s: deleting everything", realLimit)
		clean()
	})
	t.Cleanup(func() {
		if !watchdog.Stop() {
			<-expired
		}
		clean()
	})
	defer stage(t, "destroy", func() {
		terraform.Destroy(t, i.options)
		assert.Empty(t, i.state(t), "resources in the state file")
	})
	stage(t, "apply", func() { terraform.Apply(t, i.options) })
	running := realSystem{client: client, pool: terraform.Output(t, i.options, "instance_pool_id"), prometheus: terraform.Output(t, i.options, "prometheus_url")}
	application := terraform.Output(t, i.options, "application_url")
	stage(t, "verify", func() {
		status, body := fetch(t, application+"health")
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, "OK", body)
		i.unchanged(t)
	})
	clients, err := traffic.New(traffic.Config{URL: application + "load", Period: 100 * time.Millisecond, MaxClients: 10, Timeout: 2 * time.Minute})
	require.NoError(t, err)
	background(t, clients.Run)
	stage(t, "load", func() {
		clients.SetClients(10)
		running.await(t, 300*time.Second, "a second member within 300 s", func() bool { return running.size(t) >= 2 })
		running.await(t, 20*time.Minute, "the average falls below 80 %, or the pool is at its maximum", func() bool {
			average, known := running.average(t)
			return running.size(t) == limit || known && average < 80
		})
		i.unchanged(t)
	})
	stage(t, "scale", func() {
		clients.SetClients(0)
		running.await(t, 25*time.Minute, "the pool shrinks to its minimum", func() bool { return running.size(t) == 1 })
		i.unchanged(t)
	})
}

const realZone = "at-vie-1" // the module's default

// removeAll deletes everything in the real account that is named so.
func removeAll(ctx context.Context, key, secret, name string) error {
	client, err := exoscale.New(exoscale.Config{Key: key, Secret: secret, Zone: realZone, OperationTimeout: 10 * time.Minute})
	if err != nil {
		return err
	}
	s := &sweep.Sweeper{Account: client.Account(), Name: name}
	left, err := s.Find(ctx)
	return errors.Join(err, s.Remove(ctx, left))
}

// A realSystem is an installation in a real account.
type realSystem struct {
	client     *egoscale.Client
	pool       string
	prometheus string
}

func (s realSystem) await(t *testing.T, timeout time.Duration, what string, condition func() bool) {
	t.Helper()
	start := time.Now()
	require.Eventually(t, condition, timeout, 5*time.Second, what)
	t.Logf("%s: after %s", what, time.Since(start).Round(time.Second))
}

// size is what the pool is to have; 0 when the API does not say.
func (s realSystem) size(t *testing.T) int64 {
	t.Helper()
	pool, err := s.client.GetInstancePool(t.Context(), realZone, s.pool)
	if err != nil || pool.Size == nil {
		t.Logf("look at the pool: %v", err)
		return 0
	}
	return *pool.Size
}

// average is the pool's CPU use in percent, as Grafana sees it; false when
// Prometheus does not know.
func (s realSystem) average(t *testing.T) (percent float64, known bool) {
	t.Helper()
	query := url.Values{"query": {"exopool:cpu:percent"}}
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Get(s.prometheus + "api/v1/query?" + query.Encode())
	if err != nil {
		t.Logf("ask Prometheus: %v", err)
		return 0, false
	}
	defer resp.Body.Close()
	var answer struct {
		Data struct{ Result []struct{ Value [2]any } }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || len(answer.Data.Result) != 1 {
		return 0, false
	}
	_, err = fmt.Sscan(fmt.Sprint(answer.Data.Result[0].Value[1]), &percent)
	return percent, err == nil
}
