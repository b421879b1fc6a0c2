package acceptance

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

const (
	linePrometheus = "Prometheus answers on port 9090 of that instance"
	lineGrafana    = "Grafana answers on port 3000 of that instance"
	lineUp         = "the metric up shows all members"
	lineCPU        = "the query for CPU use has a value for each member"

	monitoringLimit = 5 * time.Minute
	// valuesLimit covers the window of the query and a few scrapes.
	valuesLimit = 2 * time.Minute
)

// cpuQuery is the query of the course's checker.
const cpuQuery = `sum by (instance) (rate(node_cpu_seconds_total{mode!="idle"}[1m])) / sum by (instance) (rate(node_cpu_seconds_total[1m]))`

func (r *run) monitoring() []check {
	return []check{
		{Line: Line{linePrometheus, monitoringLimit, Boot}, after: []string{lineOutside}, do: r.eventually(r.prometheusAnswers)},
		{Line: Line{lineGrafana, monitoringLimit, Boot}, after: []string{lineOutside}, do: r.eventually(r.grafanaAnswers)},
		{Line: Line{lineUp, valuesLimit, Boot}, after: []string{linePool, linePrometheus}, do: r.eventually(r.allUp)},
		{Line: Line{lineCPU, valuesLimit, Boot}, after: []string{lineUp}, do: r.eventually(r.allMeasured)},
	}
}

func (r *run) prometheusAnswers(ctx context.Context) (bool, string) {
	if _, err := r.query(ctx, "vector(1)"); err != nil {
		return false, r.explain(err)
	}
	return true, ""
}

func (r *run) grafanaAnswers(ctx context.Context) (bool, string) {
	status, _, err := r.get(ctx, "http://"+r.monitoringAt(3000)+"/api/health")
	if err != nil {
		return false, r.explain(err)
	}
	return status == http.StatusOK, fmt.Sprintf("/api/health answers %d", status)
}

func (r *run) allUp(ctx context.Context) (bool, string) {
	return r.haveValues(ctx, "up", func(v float64) bool { return v == 1 })
}

func (r *run) allMeasured(ctx context.Context) (bool, string) {
	return r.haveValues(ctx, cpuQuery, func(v float64) bool { return !math.IsNaN(v) })
}

// explain returns the text of an error of the monitoring machine, with what the
// cloud says is wrong with that machine.
func (r *run) explain(err error) string {
	text := err.Error()
	if problem := firstProblem(r.outside()); problem != "" {
		text += "; " + problem
	}
	return text
}

// monitoringAt returns HOST:PORT of the one instance outside the pool.
func (r *run) monitoringAt(port uint16) string {
	if outside := r.outside(); len(outside) == 1 {
		return netip.AddrPortFrom(outside[0].Address, port).String()
	}
	return ""
}

// query returns the values of an expression, by the address of the instance.
func (r *run) query(ctx context.Context, expression string) (map[netip.Addr]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	client, err := api.NewClient(api.Config{Address: "http://" + r.monitoringAt(9090), RoundTripper: r.Transport})
	if err != nil {
		return nil, err
	}
	value, _, _, err := promv1.NewAPI(client).Query(ctx, expression, time.Now())
	if err != nil {
		return nil, err
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("Prometheus answers %s with a %s", expression, value.Type()) //nolint:staticcheck // a name
	}
	values := map[netip.Addr]float64{}
	for _, sample := range vector {
		at, err := netip.ParseAddrPort(string(sample.Metric[model.InstanceLabel]))
		if err == nil {
			values[at.Addr()] = float64(sample.Value)
		}
	}
	return values, nil
}

// haveValues reports whether an expression has a good value for each member.
func (r *run) haveValues(ctx context.Context, expression string, good func(float64) bool) (bool, string) {
	values, err := r.query(ctx, expression)
	if err != nil {
		return false, r.explain(err)
	}
	members, found := r.alive(), 0
	for _, m := range members {
		if v, known := values[m.Address]; known && good(v) {
			found++
		}
	}
	return found == len(members) && found > 0, fmt.Sprintf("%d of %d members", found, len(members))
}

// targets returns the addresses of members that Prometheus scrapes, or tries
// to. Other targets, such as Prometheus itself, are left out: they are not in
// the cloud's range of public addresses.
func (r *run) targets(ctx context.Context) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	client, err := api.NewClient(api.Config{Address: "http://" + r.monitoringAt(9090), RoundTripper: r.Transport})
	if err != nil {
		return nil, err
	}
	found, err := promv1.NewAPI(client).Targets(ctx)
	if err != nil {
		return nil, err
	}
	var addresses []netip.Addr
	for _, t := range found.Active {
		at, err := netip.ParseAddrPort(string(t.Labels[model.InstanceLabel]))
		if err != nil || at.Addr().IsLoopback() || slices.Contains(addresses, at.Addr()) || r.isOutside(at.Addr()) {
			continue
		}
		addresses = append(addresses, at.Addr())
	}
	slices.SortFunc(addresses, netip.Addr.Compare)
	return addresses, nil
}

func (r *run) isOutside(address netip.Addr) bool {
	for _, i := range r.outside() {
		if i.Address == address {
			return true
		}
	}
	return false
}
