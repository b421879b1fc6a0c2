package diagnosis

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

const (
	prometheusPort = 9090
	askTimeout     = 5 * time.Second
	maxAnswer      = 4 << 20
)

// A target is what Prometheus says of one that it scrapes.
type target struct {
	DiscoveredLabels map[string]string `json:"discoveredLabels"`
	Labels           map[string]string `json:"labels"`
	Health           string            `json:"health"`
	LastError        string            `json:"lastError"`
	ScrapeInterval   string            `json:"scrapeInterval"`
}

// monitoring looks at Prometheus' targets, then at what it has of them, and for a line
// about growth at who resizes the pool.
func (e *Examiner) monitoring(ctx context.Context, patients []patient, about acceptance.Subject) []finding {
	at := slices.IndexFunc(patients, func(p patient) bool { return p.PoolID == "" })
	if at < 0 {
		return nil
	}
	p := patients[at]
	targets, err := e.targets(ctx, p.Address)
	if err != nil {
		return nil // then its machine has a finding, or the line is about something else
	}
	if found := e.targetProblems(ctx, p, patients, targets); len(found) > 0 {
		return found
	}
	if found := e.sampleProblems(ctx, p, targets); len(found) > 0 || !about.Growth {
		return found
	}
	return e.scalingProblems(ctx, p)
}

func (e *Examiner) targets(ctx context.Context, at netip.Addr) ([]target, error) {
	var answer struct {
		Data struct {
			ActiveTargets []target `json:"activeTargets"`
		} `json:"data"`
	}
	err := e.ask(ctx, at, "/api/v1/targets?state=active", &answer)
	return answer.Data.ActiveTargets, err
}

// A sample is one result of a query.
type sample struct {
	Metric map[string]string `json:"metric"`
	Value  [2]any            `json:"value"`
}

// query returns what Prometheus answers to a query for a vector.
func (e *Examiner) query(ctx context.Context, at netip.Addr, expression string) ([]sample, error) {
	var answer struct {
		Data struct {
			Result []sample `json:"result"`
		} `json:"data"`
	}
	err := e.ask(ctx, at, "/api/v1/query?query="+url.QueryEscape(expression), &answer)
	return answer.Data.Result, err
}

// ask decodes what Prometheus answers.
func (e *Examiner) ask(ctx context.Context, at netip.Addr, path string, answer any) error {
	return e.get(ctx, netip.AddrPortFrom(at, prometheusPort), path, func(body io.Reader) error {
		return json.NewDecoder(body).Decode(answer)
	})
}

// get lets the beginning of what a program answers be decoded.
func (e *Examiner) get(ctx context.Context, at netip.AddrPort, path string, decode func(io.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at.String()+path, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := e.cfg.Transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d", path, resp.StatusCode)
	}
	return decode(io.LimitReader(resp.Body, maxAnswer))
}
