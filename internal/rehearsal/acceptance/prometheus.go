package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
)

const (
	lineOutside    = "there is exactly one instance outside the pool"
	linePrometheus = "Prometheus answers on port 9090 of that instance"
	lineCPU        = "the query for CPU use has a result for each member"

	monitoringLimit = 15 * time.Minute
	prometheusPort  = 9090
)

// cpuQuery is the query of the course's checker.
const cpuQuery = `sum by (instance) (rate(node_cpu_seconds_total{mode!="idle"}[1m])) / sum by (instance) (rate(node_cpu_seconds_total[1m]))`

// blocks looks for the monitoring machine and at its Prometheus.
func (r *run) blocks() scenario {
	return scenario{sprint: 2, name: nameBlocks, skip: r.noMonitoring, checks: []check{
		r.apply(),
		{Line: Line{Text: lineOutside}, after: []string{lineApply}, do: now(r.oneOutside)},
		{
			Line: Line{Text: linePrometheus, Limit: monitoringLimit, Needs: Boot}, after: []string{lineOutside},
			about: r.aboutPrometheus, do: r.eventually(r.prometheusAnswers),
		},
		r.measured(linePrometheus),
	}, end: r.adviseUp}
}

// killing makes the pool smaller than it may be.
func (r *run) killing() scenario {
	return scenario{sprint: 2, name: nameKilling, skip: r.noMonitoring, checks: []check{
		r.apply(), r.set1(), r.healthy(lineSet1), r.measured(lineSet1),
	}}
}

func (r *run) measured(after ...string) check {
	return check{
		Line: Line{Text: lineCPU, Limit: monitoringLimit, Needs: Boot}, after: append(after, lineApply),
		about: r.aboutAll, do: r.eventually(r.allMeasured),
	}
}

func (r *run) oneOutside() (string, error) {
	outside := r.outside()
	if len(outside) != 1 {
		return "", fmt.Errorf("there are %d%s", len(outside), named(outside, func(i exoapi.InstanceInfo) string { return i.Name }))
	}
	return outside[0].Name + " at " + outside[0].Address.String(), nil
}

func (r *run) prometheusAnswers(ctx context.Context) (bool, string) {
	if _, err := r.query(ctx, cpuQuery); err != nil {
		return false, r.explain(err)
	}
	return true, ""
}

func (r *run) allMeasured(ctx context.Context) (bool, string) {
	// As the course's checker, which looks at labels only, take any number.
	return r.haveValues(ctx, cpuQuery, func(float64) bool { return true })
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

// monitoringAt returns the address of a port of the one instance outside the
// pool.
func (r *run) monitoringAt(port uint16) (string, error) {
	outside := r.outside()
	if len(outside) != 1 {
		return "", fmt.Errorf("there are %d instances outside the pool", len(outside))
	}
	return "http://" + netip.AddrPortFrom(outside[0].Address, port).String(), nil
}

// values are the results of a query, by the address of the instance: the part of
// the label before the first colon.
type values map[string]float64

// query asks Prometheus for the values of an expression, in the way of the
// course's checker.
func (r *run) query(ctx context.Context, expression string) (values, error) {
	server, err := r.monitoringAt(prometheusPort)
	if err != nil {
		return nil, err
	}
	status, body, err := r.get(ctx, server+"/api/v1/query?query="+url.QueryEscape(expression))
	switch {
	case err != nil:
		if failed := new(url.Error); errors.As(err, &failed) {
			err = failed.Err // without the long query
		}
		return nil, fmt.Errorf("ask %s: %w", server, err)
	case status != http.StatusOK:
		return nil, fmt.Errorf("/api/v1/query answers %d %.80q", status, body)
	}
	return decodeValues(body)
}

func decodeValues(body string) (values, error) {
	var answer struct {
		Status, Error string
		Data          struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return nil, fmt.Errorf("the answer is not Prometheus': %w", err)
	}
	switch {
	case answer.Status != "success":
		return nil, fmt.Errorf("Prometheus answers %q: %s", answer.Status, answer.Error) //nolint:staticcheck // a name
	case answer.Data.ResultType != "vector":
		return nil, errors.New("Prometheus answers with no vector, but with a " + answer.Data.ResultType)
	}
	var results []struct {
		Metric struct{ Instance string }
		Value  [2]any
	}
	if err := json.Unmarshal(answer.Data.Result, &results); err != nil {
		return nil, fmt.Errorf("the answer is not Prometheus': %w", err)
	}
	found := values{}
	for _, result := range results {
		host, _, _ := strings.Cut(result.Metric.Instance, ":")
		text, _ := result.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("the answer is not Prometheus': %w", err)
		}
		found[host] = value
	}
	return found, nil
}

// haveValues reports whether an expression has a good value for each member.
func (r *run) haveValues(ctx context.Context, expression string, good func(float64) bool) (bool, string) {
	found, err := r.query(ctx, expression)
	if err != nil {
		return false, r.explain(err)
	}
	members, n := r.members(), 0
	for _, m := range members {
		if v, known := found[m.Address.String()]; known && good(v) {
			n++
		}
	}
	seen := fmt.Sprintf("%d of %s", n, membersText(len(members)))
	if n < len(members) && len(found) > 0 {
		seen += fmt.Sprintf("; results are for %s", hosts(found))
	}
	return n == len(members) && n > 0, seen
}

// hosts returns whom the values are of.
func hosts(v values) string {
	const most = 5
	found := slices.Sorted(maps.Keys(v))
	if len(found) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(found[:most], ", "), len(found)-most)
	}
	return strings.Join(found, ", ")
}
