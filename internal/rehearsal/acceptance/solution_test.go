package acceptance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

type object = map[string]any

// A solution is the Terraform configuration of a student, and the machines it
// runs on. Time is the bubble's.
type solution struct {
	t       *testing.T
	cloud   *exoapi.Cloud
	clients atomic.Int32

	// Mistakes in the solution.
	port         int    // of the service's targets
	uri          string // of its health check
	extra        bool   // a second instance outside the pool
	answer       string // to /health
	sick         bool   // members never become healthy
	noMonitoring bool
	frozen       bool   // the targets do not follow
	lazy         bool   // does not scale
	huge         bool   // does not get enough with any number of members
	forgets      bool   // destroy leaves something
	breaks       bool   // apply fails half way
	interrupt    func() // interrupts apply half way

	pool, nlb, monitoring string
	applied               bool
	targets               []string
}

func newSolution(t *testing.T) *solution {
	t.Helper()
	cloud, err := exoapi.New(exoapi.Config{})
	require.NoError(t, err)
	t.Cleanup(cloud.Close)
	return &solution{t: t, cloud: cloud, port: 8080, uri: "/health", answer: "OK"}
}

func (s *solution) config() acceptance.Config {
	return acceptance.Config{
		Installer: s, Cloud: s.cloud, Ability: acceptance.Boot, Transport: s,
		NewLoad: func(string) (acceptance.Load, error) { return s, nil },
	}
}

func (s *solution) create(ctx context.Context, path string, body object) string {
	id, err := s.cloud.Do(ctx, http.MethodPost, path, body)
	require.NoError(s.t, err)
	return id
}

// Apply creates all that is demanded.
func (s *solution) Apply(ctx context.Context) error {
	s.applied = true
	if s.sick {
		_, err := s.cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultMemberNeverHealthy})
		require.NoError(s.t, err)
	}
	var found struct {
		Templates []struct{ ID string }
		Types     []struct{ ID string } `json:"instance-types"`
	}
	for _, path := range []string{"/v2/template", "/v2/instance-type"} {
		if err := s.cloud.Call(ctx, http.MethodGet, path, nil, &found); err != nil {
			return err
		}
	}
	machine := func(name string) object {
		return object{"name": name, "disk-size": 10, "instance-type": object{"id": found.Types[0].ID}, "template": object{"id": found.Templates[0].ID}}
	}
	pool := machine("members")
	pool["size"] = 1
	s.pool = s.create(ctx, "/v2/instance-pool", pool)
	if s.interrupt != nil {
		s.interrupt()
		s.create(context.WithoutCancel(ctx), "/v2/instance", machine("lost"))
		s.breaks = true
		return ctx.Err()
	}
	if s.breaks {
		return errors.New("quota exceeded")
	}
	s.nlb = s.create(ctx, "/v2/load-balancer", object{"name": "nlb"})
	s.create(ctx, "/v2/load-balancer/"+s.nlb+"/service", object{
		"name": "http", "instance-pool": object{"id": s.pool}, "port": 80, "target-port": s.port, "protocol": "tcp", "strategy": "round-robin",
		"healthcheck": object{"mode": "http", "port": s.port, "uri": s.uri, "interval": 10, "timeout": 5, "retries": 1},
	})
	s.monitoring = s.create(ctx, "/v2/instance", machine("monitoring"))
	if s.extra {
		s.create(ctx, "/v2/instance", machine("forgotten"))
	}
	return nil
}

// Destroy deletes it.
func (s *solution) Destroy(ctx context.Context) error {
	paths := []string{"/v2/load-balancer/" + s.nlb, "/v2/instance-pool/" + s.pool, "/v2/instance/" + s.monitoring}
	if s.forgets {
		paths = paths[:2]
	}
	if s.breaks {
		paths = paths[1:2]
	}
	for _, path := range paths {
		if _, err := s.cloud.Do(ctx, http.MethodDelete, path, nil); err != nil {
			return err
		}
	}
	s.applied = false
	return nil
}

func (s *solution) Resources(context.Context) ([]string, error) {
	if s.applied {
		return []string{"exoscale_nlb.nlb"}, nil
	}
	return nil, nil
}

// Run scales as an autoscaler would, while there is load.
func (s *solution) Run(ctx context.Context) error {
	for !s.lazy {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Minute):
		}
		pool := s.cloud.Pools()[0]
		switch use := s.use(); {
		case use > 0.8 && pool.Size < 3:
			s.resize(pool.Size + 1)
		case use < 0.2 && pool.Size > 1:
			s.resize(pool.Size - 1)
		}
	}
	<-ctx.Done()
	return nil
}

func (s *solution) resize(size int) { require.NoError(s.t, s.cloud.SetPoolSize(s.pool, size)) }

func (s *solution) SetClients(n int) int {
	s.clients.Store(int32(n))
	return n
}

// use is the CPU use of each member.
func (s *solution) use() float64 {
	if s.huge && s.clients.Load() > 0 {
		return 1
	}
	return min(1, float64(s.clients.Load())*0.15/float64(max(1, len(s.cloud.Pools()[0].Members))))
}

// RoundTrip is the network: load balancer, Prometheus and Grafana.
func (s *solution) RoundTrip(req *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, s.answer
	switch port := req.URL.Port(); {
	case port != "" && s.noMonitoring:
		return nil, errors.New("connection refused")
	case req.URL.Path == "/api/v1/targets":
		body = encode(object{"activeTargets": s.discovered()})
	case port == "9090":
		body = encode(object{"resultType": "vector", "result": s.values(req)})
	case port == "3000":
		body = `{"database":"ok"}`
	case req.URL.Path != "/health":
		status = http.StatusNotFound
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), Request: req,
	}, nil
}

func encode(data object) string {
	text, err := json.Marshal(object{"status": "success", "data": data})
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// discovered are the targets.
func (s *solution) discovered() (targets []object) {
	if !s.frozen || s.targets == nil {
		s.targets = []string{"127.0.0.1:9090"}
		for _, i := range s.members() {
			s.targets = append(s.targets, i.Address.String()+":9100")
		}
	}
	for _, target := range s.targets {
		targets = append(targets, object{"labels": object{"instance": target}})
	}
	return targets
}

func (s *solution) members() (members []exoapi.InstanceInfo) {
	for _, i := range s.cloud.Instances() {
		if i.PoolID != "" && i.State == "running" {
			members = append(members, i)
		}
	}
	return members
}

// values answers a query.
func (s *solution) values(req *http.Request) []object {
	if s.frozen {
		s.discovered() // remembers them
	}
	body, err := io.ReadAll(req.Body)
	require.NoError(s.t, err)
	value := "1"
	if strings.Contains(string(body)+req.URL.RawQuery, "node_cpu_seconds_total") {
		value = fmt.Sprint(s.use())
	}
	samples := []object{}
	for _, i := range s.members() {
		samples = append(samples, object{"metric": object{"instance": i.Address.String() + ":9100"}, "value": []any{0, value}})
	}
	return samples
}
