package test_test

import (
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/discovery"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake/exoapi"
)

const (
	zone = "at-vie-1"
	// mockedPool is the id of the pool in the tests of the Terraform module.
	mockedPool = "22222222-2222-4222-8222-222222222222"
	// largest is the largest size that the key may give the pool there.
	largest = 10
)

// A rule is one of the policy of the monitoring machine's key.
type rule struct {
	Action     string `json:"action"`
	Expression string `json:"expression"`
}

// operation returns the one operation that the rule is about.
func (r rule) operation() string {
	_, rest, _ := strings.Cut(r.Expression, "operation == '")
	name, _, _ := strings.Cut(rest, "'")
	return name
}

// keyRules returns the rules that the module writes, by the name of the run
// of its tests.
func (m module) keyRules(t *testing.T) map[string][]rule {
	t.Helper()
	found := make(map[string][]rule)
	for run, resources := range m.states(t, "tests/key.tftest.hcl") {
		for _, resource := range resources {
			if strings.HasPrefix(resource.Address, "exoscale_iam_role.") {
				found[run] = resource.Values.Policy.Services["compute"].Rules
			}
		}
	}
	require.Len(t, found["pinned"], 7)
	return found
}

// A machineKey is a key with rules, in a cloud with several pools.
type machineKey struct {
	cloud   *exoapi.Cloud
	pool    string // that the rules are about
	another string
	twin    string // has the name of the pool
	client  *exoscale.Client
	calls   *prometheus.Registry
}

// issue makes a key as the module does.
func issue(t *testing.T, rules []rule) machineKey {
	t.Helper()
	cloud, err := exoapi.New(exoapi.Config{Zones: []string{zone}})
	require.NoError(t, err)
	t.Cleanup(cloud.Close)
	k := machineKey{cloud: cloud, calls: prometheus.NewRegistry()}
	for _, pool := range []struct {
		id   *string
		name string
	}{{&k.pool, "exopool-members"}, {&k.another, "another"}, {&k.twin, "exopool-members"}} {
		*pool.id, err = cloud.Do(t.Context(), http.MethodPost, "/v2/instance-pool", map[string]any{
			"name": pool.name, "size": 2, "disk-size": 10,
			"template":      map[string]string{"id": first(t, cloud, "/v2/template", "templates")},
			"instance-type": map[string]string{"id": first(t, cloud, "/v2/instance-type", "instance-types")},
		})
		require.NoError(t, err)
	}

	own := make([]rule, 0, len(rules))
	for _, r := range rules {
		r.Expression = strings.ReplaceAll(r.Expression, mockedPool, k.pool)
		own = append(own, r)
	}
	role, err := k.cloud.Do(t.Context(), http.MethodPost, "/v2/iam-role", map[string]any{"name": "exopool-autoscaler", "policy": map[string]any{
		"default-service-strategy": "deny",
		"services":                 map[string]any{"compute": map[string]any{"type": "rules", "rules": own}},
	}})
	require.NoError(t, err)
	var key struct{ Key, Secret string }
	require.NoError(t, k.cloud.Call(t.Context(), http.MethodPost, "/v2/api-key", map[string]any{"name": "exopool-autoscaler", "role-id": role}, &key))
	k.client, err = exoscale.New(exoscale.Config{
		Key: key.Key, Secret: key.Secret, Zone: zone, Endpoint: "http://127.0.0.1/v2", Transport: k.cloud.Transport(), Registerer: k.calls,
	})
	require.NoError(t, err)
	return k
}

// first returns the id of the first of a list.
func first(t *testing.T, cloud *exoapi.Cloud, path, key string) string {
	t.Helper()
	list := make(map[string][]struct{ ID string })
	require.NoError(t, cloud.Call(t.Context(), http.MethodGet, path, nil, &list))
	require.NotEmpty(t, list[key])
	return list[key][0].ID
}

// answered returns the operations that got an answer with the code.
func (k machineKey) answered(t *testing.T, code string) []string {
	t.Helper()
	families, err := k.calls.Gather()
	require.NoError(t, err)
	operations := make(map[string]bool)
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			labels := make(map[string]string)
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			if labels["code"] == code {
				operations[labels["operation"]] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(operations))
}

// work lets both programs work, as on the monitoring machine: the autoscaler takes
// two turns, with webhooks that ask for more and then for fewer. It returns the
// decision that failed, or else the last, and what discovery could not do.
func (k machineKey) work(t *testing.T) (decision autoscale.Decision, healthKnown bool, targets error) {
	t.Helper()
	loop, err := autoscale.New(autoscale.Config{
		Pool: k.client.Pool(k.pool), PoolName: "web", Zone: zone, Min: 1, Max: 5, StateDir: t.TempDir(),
	})
	require.NoError(t, err)
	loop.Record(t.Context(), autoscale.Up)
	decision = loop.RunOnce(t.Context())
	time.Sleep(5 * time.Minute) // virtual: the new member serves
	loop.Record(t.Context(), autoscale.Down)
	if second := loop.RunOnce(t.Context()); decision.Result != autoscale.Failed {
		decision = second
	}

	metrics := prometheus.NewRegistry()
	agent, err := discovery.New(discovery.Config{
		Lister: k.client.Lister(), Backends: k.client.Lister(), Pools: []string{k.pool},
		File: filepath.Join(t.TempDir(), "config.json"), MemberMetrics: true, Registerer: metrics,
	})
	require.NoError(t, err)
	targets = agent.RunOnce(t.Context())
	_, sourcesErr := k.client.HealthCheckSources(t.Context()) // before a member is drained
	if sourcesErr != nil {
		require.ErrorIs(t, sourcesErr, exoscale.ErrUnauthorized)
	}
	families, err := metrics.Gather()
	require.NoError(t, err)
	for _, family := range families {
		healthKnown = healthKnown || family.GetName() == "exopool_discovery_health_last_success_timestamp_seconds"
	}
	return decision, healthKnown, targets
}

// One run of Terraform writes the rules for all tests of the key.
func TestKeyOfTheMonitoringMachine(t *testing.T) {
	t.Parallel()
	runs := newModule(t).keyRules(t)
	t.Run("needs each of its permissions", func(t *testing.T) { needsEachPermission(t, runs) })
	t.Run("is good for one pool up to a size", func(t *testing.T) { isForOnePoolUpToASize(t, runs) })
	t.Run("is for the pool however policies name it", func(t *testing.T) { isForThePoolHoweverNamed(t, runs["pinned"]) })
}

// needsEachPermission takes one operation after another away, and checks what no
// longer works.
func needsEachPermission(t *testing.T, runs map[string][]rule) {
	t.Helper()
	for operation, breaks := range map[string]struct {
		turn         string // why the autoscaler's turn fails; empty if it does not
		size         int    // of the pool afterwards
		targetsStale bool   // that is, discovery cannot tell who is a member, and so nothing of their health
		healthStale  bool
	}{
		"":                            {size: 2},
		"get-instance-pool":           {turn: "check the key, its secret and its role", size: 2, targetsStale: true, healthStale: true},
		"scale-instance-pool":         {turn: "resize", size: 2}, // and up wins over down
		"evict-instance-pool-members": {turn: "resize", size: 3},
		"get-operation":               {turn: "wait for operation", size: 2},
		"list-instances":              {turn: "list the members", size: 2, targetsStale: true, healthStale: true},
		"list-security-groups":        {size: 2},
		"list-load-balancers":         {size: 3, healthStale: true},
	} {
		for _, run := range []string{"pinned", "not_pinned"} {
			t.Run(run+" without "+operation, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					rules := slices.DeleteFunc(slices.Clone(runs[run]), func(r rule) bool { return r.operation() == operation })
					k := issue(t, rules)
					decision, healthKnown, targets := k.work(t)
					if operation == "" {
						assert.Len(t, k.answered(t, "200"), len(rules), "all that is allowed is called")
						assert.Empty(t, k.answered(t, "403"))
					} else {
						assert.Equal(t, []string{operation}, k.answered(t, "403"), "what was refused")
					}
					assert.Equal(t, breaks.turn != "", decision.Result == autoscale.Failed, decision.Error)
					assert.Contains(t, decision.Error, breaks.turn)
					assert.Equal(t, breaks.size, k.size(t, k.pool))
					assert.Equal(t, breaks.targetsStale, targets != nil, "%v", targets)
					assert.Equal(t, breaks.healthStale, !healthKnown)
				})
			})
		}
	}
}

// size returns the size of a pool, as its owner sees it.
func (k machineKey) size(t *testing.T, pool string) int {
	t.Helper()
	var view struct{ Size int }
	require.NoError(t, k.cloud.Call(t.Context(), http.MethodGet, "/v2/instance-pool/"+pool, nil, &view))
	return view.Size
}

// isForOnePoolUpToASize tries what a holder of the key could do.
func isForOnePoolUpToASize(t *testing.T, runs map[string][]rule) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		k := issue(t, runs["pinned"])
		for _, other := range []string{k.another, k.twin, mockedPool} {
			_, err := k.client.Pool(other).Status(t.Context())
			require.ErrorIs(t, err, exoscale.ErrUnauthorized, "reading another pool")
			require.ErrorContains(t, k.client.Pool(other).Resize(t.Context(), 1), "Forbidden by role policy", "resizing another pool")
			require.ErrorContains(t, k.client.Pool(other).Evict(t.Context(), []string{mockedPool}), "Forbidden by role policy", "evicting from another pool")
		}
		require.ErrorContains(t, k.client.Pool(k.pool).Resize(t.Context(), largest+1), "Forbidden by role policy")
		require.NoError(t, k.client.Pool(k.pool).Resize(t.Context(), largest))
		require.NoError(t, k.client.Pool(k.pool).Resize(t.Context(), 1), "smaller is always possible")
		assert.Equal(t, []int{1, 2, 2}, []int{k.size(t, k.pool), k.size(t, k.another), k.size(t, k.twin)})
	})
	synctest.Test(t, func(t *testing.T) {
		k := issue(t, runs["not_pinned"])
		require.NoError(t, k.client.Pool(k.another).Resize(t.Context(), largest+1), "which is why the key is pinned")
	})
}

// isForThePoolHoweverNamed: the API's documents show only the name of a resource,
// and only that there are parameters.
func isForThePoolHoweverNamed(t *testing.T, rules []rule) {
	t.Helper()
	for unknown, twin := range map[string]bool{ // and whether a pool of the same name is taken for this one
		"resources.instance_pool.id": true,
		"resources.instance_pool":    false,
	} {
		t.Run("without "+unknown, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				unknowing := slices.Clone(rules)
				for i := range unknowing {
					unknowing[i].Expression = strings.ReplaceAll(unknowing[i].Expression, unknown, unknown+"_is_unknown")
				}
				k := issue(t, unknowing)
				decision, healthKnown, targets := k.work(t)
				assert.Equal(t, autoscale.Resized, decision.Result, decision.Error)
				require.NoError(t, targets)
				assert.True(t, healthKnown)
				require.ErrorContains(t, k.client.Pool(k.another).Resize(t.Context(), 1), "Forbidden by role policy")
				assert.Equal(t, twin, k.client.Pool(k.twin).Resize(t.Context(), 1) == nil)
			})
		})
	}
}
