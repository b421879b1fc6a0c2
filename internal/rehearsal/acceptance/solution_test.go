package acceptance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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
	applies int
	engine  *engine // nil without optional parts

	// Mistakes in the solution.
	listen       int    // port of the service
	port         int    // of the service's targets
	uri          string // of its health check
	services     int    // of the load balancer
	pools        int
	extra        bool   // a second instance outside the pool
	alone        bool   // none
	answer       string // to /health
	status       int    // of that answer
	label        string // after the address, of instances in Prometheus
	sick         bool   // members never become healthy
	noMonitoring bool
	noGrafana    bool
	unmeasured   bool   // no exporter
	frozen       bool   // the targets do not follow
	lazy         bool   // does not scale
	hasty        bool   // scales by more than one member
	huge         bool   // does not get enough with any number of members
	resets       bool   // another apply sets the size of the pool
	replaces     bool   // the monitoring machine
	down         bool   // the metric up is 0
	grants       bool   // creates a role
	forgets      bool   // destroy leaves something
	keeps        bool   // the state lists something after it
	breaks       int    // which apply fails half way
	interrupt    func() // interrupts apply half way

	pool, nlb, monitoring string
	applied               bool
	prefix                string   // of all names
	made                  []string // paths
	targets               []string
}

func newSolution(t *testing.T) *solution {
	t.Helper()
	cloud, err := exoapi.New(exoapi.Config{})
	require.NoError(t, err)
	t.Cleanup(cloud.Close)
	return &solution{t: t, cloud: cloud, listen: 80, port: 8080, uri: "/health", services: 1, pools: 1, answer: "OK", status: http.StatusOK, label: ":9100"}
}

func (s *solution) config() acceptance.Config {
	return acceptance.Config{
		Installer: s, Cloud: s.cloud, Ability: acceptance.Boot, Transport: s,
		NewLoad: func(string) (acceptance.Load, error) { return s, nil },
	}
}

// create creates something that Destroy deletes.
func (s *solution) create(ctx context.Context, path string, body object) string {
	body["name"] = s.prefix + body["name"].(string)
	id, err := s.cloud.Do(ctx, http.MethodPost, path, body)
	if assert.NoError(s.t, err) && !strings.HasSuffix(path, "/service") {
		s.made = append(s.made, path+"/"+id)
	}
	return id
}

// Apply creates all that is demanded.
func (s *solution) Apply(ctx context.Context) error {
	s.applies++
	if s.applies == s.breaks {
		return acceptance.WithHints(errors.New("quota exceeded"), "ask for more")
	}
	if s.applied {
		if s.resets {
			s.resize(3)
		}
		if s.replaces {
			s.replaceMonitoring(ctx)
		}
		return nil
	}
	s.applied = true
	if s.sick {
		_, err := s.cloud.Faults().Add(exoapi.Fault{Name: exoapi.FaultMemberNeverHealthy})
		require.NoError(s.t, err)
	}
	machine, err := s.machines(ctx)
	if err != nil {
		return err
	}
	pool := machine("members")
	pool["size"] = 1
	for range s.pools {
		s.pool = s.create(ctx, "/v2/instance-pool", pool)
	}
	if s.interrupt != nil {
		s.interrupt()
		s.create(context.WithoutCancel(ctx), "/v2/instance", machine("lost"))
		s.made = s.made[:len(s.made)-1]
		return ctx.Err()
	}
	s.nlb = s.create(ctx, "/v2/load-balancer", object{"name": "nlb"})
	for n := range s.services {
		s.create(ctx, "/v2/load-balancer/"+s.nlb+"/service", object{
			"name": fmt.Sprint("http", n), "instance-pool": object{"id": s.pool}, "port": s.listen + n, "target-port": s.port, "protocol": "tcp", "strategy": "round-robin",
			"healthcheck": object{"mode": "http", "port": s.port, "uri": s.uri, "interval": 10, "timeout": 5, "retries": 1},
		})
	}
	if !s.alone {
		s.monitoring = s.create(ctx, "/v2/instance", machine("monitoring"))
	}
	if s.grants {
		s.create(ctx, "/v2/iam-role", object{"name": "scaler", "policy": object{"default-service-strategy": "deny", "services": object{}}})
	}
	if s.extra {
		s.create(ctx, "/v2/instance", machine("forgotten"))
	}
	return nil
}

// machines returns what makes the body of a call that creates machines.
func (s *solution) machines(ctx context.Context) (func(name string) object, error) {
	var found struct {
		Templates []struct{ ID string }
		Types     []struct{ ID string } `json:"instance-types"`
	}
	for _, path := range []string{"/v2/template", "/v2/instance-type"} {
		if err := s.cloud.Call(ctx, http.MethodGet, path, nil, &found); err != nil {
			return nil, err
		}
	}
	return func(name string) object {
		return object{"name": name, "disk-size": 10, "instance-type": object{"id": found.Types[0].ID}, "template": object{"id": found.Templates[0].ID}}
	}, nil
}

// replaceMonitoring puts another machine in the place of the monitoring machine.
func (s *solution) replaceMonitoring(ctx context.Context) {
	machine, err := s.machines(ctx)
	require.NoError(s.t, err)
	_, err = s.cloud.Do(ctx, http.MethodDelete, "/v2/instance/"+s.monitoring, nil)
	require.NoError(s.t, err)
	s.made = slices.DeleteFunc(s.made, func(path string) bool { return path == "/v2/instance/"+s.monitoring })
	s.monitoring = s.create(ctx, "/v2/instance", machine("monitoring"))
}

// Destroy deletes it.
func (s *solution) Destroy(ctx context.Context) error {
	for _, path := range slices.Backward(s.made) {
		if s.forgets && path == "/v2/instance/"+s.monitoring {
			continue
		}
		if _, err := s.cloud.Do(ctx, http.MethodDelete, path, nil); err != nil {
			return err
		}
	}
	s.applied = false
	return nil
}

func (s *solution) Resources(context.Context) ([]string, error) {
	if s.applied || s.keeps {
		return []string{"exoscale_nlb.nlb"}, nil
	}
	return nil, nil
}

// Run scales as an autoscaler would, while there is load.
func (s *solution) Run(ctx context.Context) error {
	step := 1
	if s.hasty {
		step = 2
	}
	for !s.lazy {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Minute):
		}
		pool := s.cloud.Pools()[0]
		switch use := s.use(); {
		case use > 0.8 && pool.Size < 3:
			s.resize(pool.Size + step)
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
	status, body := s.status, s.answer
	switch port := req.URL.Port(); {
	case req.URL.Host == "container" && s.engine.local:
		return nil, syscall.ECONNREFUSED
	case req.URL.Host == "container":
		status = s.engine.answerWebhook(req)
	case port != "" && s.noMonitoring, port == "3000" && s.noGrafana:
		return nil, errors.New("connection refused")
	case req.URL.Path == "/api/v1/targets":
		status, body = http.StatusOK, encode(object{"activeTargets": s.discovered()})
	case port == "9090":
		status, body = http.StatusOK, encode(object{"resultType": "vector", "result": s.values(req)})
	case port == "3000":
		status, body = http.StatusOK, `{"database":"ok"}`
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
			s.targets = append(s.targets, i.Address.String()+s.label)
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
	value := "1"
	if s.down {
		value = "0"
	}
	if strings.Contains(req.URL.RawQuery, "node_cpu_seconds_total") {
		value = fmt.Sprint(s.use())
	}
	samples := []object{}
	if s.unmeasured {
		return samples
	}
	for _, i := range s.members() {
		samples = append(samples, object{"metric": object{"instance": i.Address.String() + s.label}, "value": []any{0, value}})
	}
	return samples
}
