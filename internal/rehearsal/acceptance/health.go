package acceptance

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

const (
	lineHealthy = "all backends are healthy"
	lineAnswer  = "http://<NLB>/health answers 200 with the body OK and nothing else"

	healthLimit = 5 * time.Minute
	// answerLimit allows for the moment between a health check and its effect
	// on the load balancer.
	answerLimit = 10 * time.Second
	// requestTimeout bounds one request.
	requestTimeout = 10 * time.Second
)

func (r *run) health() []check {
	return []check{
		{Line: Line{lineHealthy, healthLimit, Traffic}, after: []string{linePool, lineNLB}, about: r.aboutMembers, do: r.eventually(r.allHealthy)},
		{Line: Line{lineAnswer, answerLimit, Traffic}, after: []string{lineNLB}, do: r.eventually(r.answersOK)},
	}
}

// allHealthy reports whether the pool has all its members, each of them healthy
// to the load balancer.
func (r *run) allHealthy(context.Context) (bool, string) {
	pools := r.Cloud.Pools()
	if len(pools) != 1 {
		return false, fmt.Sprintf("there are %d pools", len(pools))
	}
	pool, health, good := pools[0], r.service().Health, 0
	for _, id := range pool.Members {
		if health[id] == driverapi.HealthSuccess {
			good++
		}
	}
	seen := fmt.Sprintf("%d of %d members healthy", good, pool.Size)
	if problem := firstProblem(r.alive()); problem != "" {
		seen += "; " + problem
	}
	return good == pool.Size && len(pool.Members) == pool.Size && pool.Size > 0, seen
}

// firstProblem returns what the cloud says is wrong with the first machine that
// has a problem, if any.
func firstProblem(instances []exoapi.InstanceInfo) string {
	for _, i := range instances {
		if i.Error != "" {
			return i.Name + ": " + i.Error
		}
	}
	return ""
}

func (r *run) answersOK(ctx context.Context) (bool, string) {
	status, body, err := r.get(ctx, r.application("/health"))
	if err != nil {
		return false, err.Error()
	}
	return status == http.StatusOK && body == "OK", fmt.Sprintf("%d %.80q", status, body)
}

// get returns the status of an answer and the beginning of its body.
func (r *run) get(ctx context.Context, url string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	client := &http.Client{Transport: r.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return resp.StatusCode, string(text), err
}

// aboutMembers is the subject of lines about the members behind the load
// balancer.
func (r *run) aboutMembers() Subject {
	s := Subject{Balancer: true, Port: r.service().Healthcheck.Port}
	for _, i := range r.alive() {
		s.Machines = append(s.Machines, i.ID)
	}
	return s
}
