package acceptance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
)

const (
	lineHealthy = "all backends are healthy"
	lineAnswer  = "http://<NLB>/health answers OK and nothing else"

	healthLimit = 15 * time.Minute
	// answerLimit is for a load balancer that does not answer; a wrong answer
	// fails at once.
	answerLimit = 5 * time.Minute
	// requestTimeout bounds one request.
	requestTimeout = 10 * time.Second
	// answerSize bounds what is read of an answer.
	answerSize = 4 << 20

	servesItself = "stand-ins serve the service's port themselves: the user-data was not executed"
)

func (r *run) healthy(after ...string) check {
	return check{
		Line: Line{Text: lineHealthy, Limit: healthLimit, Needs: Traffic}, after: append(after, lineApply),
		about: r.aboutMembers, standIn: servesItself, do: func(ctx context.Context, c check) (string, error) {
			if _, err := r.oneService(); err != nil {
				return "", err
			}
			return r.eventually(r.allHealthy)(ctx, c)
		},
	}
}

func (r *run) answers() check {
	return check{
		Line: Line{Text: lineAnswer, Limit: answerLimit, Needs: Traffic}, after: []string{lineHealthy},
		about: r.aboutMembers, standIn: servesItself, do: r.answersOK,
	}
}

// allHealthy reports whether the load balancer calls all members healthy.
func (r *run) allHealthy(context.Context) (bool, string) {
	p, err := r.pool()
	if err != nil {
		return false, err.Error()
	}
	health, good := r.service().Health, 0
	for _, id := range p.Members {
		if health[id] == driverapi.HealthSuccess {
			good++
		}
	}
	seen := fmt.Sprintf("%d of %s healthy", good, membersText(len(p.Members)))
	if problem := firstProblem(r.members()); problem != "" {
		seen += "; " + problem
	}
	return good == len(p.Members) && good > 0, seen
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

// answersOK waits for an answer, and compares the first one. The status does not
// count.
func (r *run) answersOK(ctx context.Context, c check) (string, error) {
	var wrong error
	note, err := r.eventually(func(ctx context.Context) (bool, string) {
		status, body, err := r.get(ctx, r.application("/health"))
		if err != nil {
			return false, err.Error()
		}
		seen := fmt.Sprintf("%d %.80q", status, body)
		if body != "OK" {
			wrong = fmt.Errorf("it answers %s", seen)
		} else if status != http.StatusOK {
			r.advise("/health answers with status 200", fmt.Sprintf("it is %d", status))
		}
		return true, seen
	})(ctx, c)
	return note, errors.Join(err, wrong)
}

// get returns the status of an answer and its body.
func (r *run) get(ctx context.Context, url string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	resp, err := (&http.Client{Transport: r.Transport}).Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerSize))
	return resp.StatusCode, string(text), err
}
