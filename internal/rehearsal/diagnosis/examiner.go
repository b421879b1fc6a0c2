package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
)

// An Account is what is known to the API. [exoapi.Cloud] is one.
type Account interface {
	Pools() []exoapi.PoolInfo
	Instances() []exoapi.InstanceInfo
	Balancers() []exoapi.BalancerInfo
	Protections() []driverapi.Protection
	Callers() map[netip.Addr]exoapi.Caller
}

// Machines can be looked into, as far as they do anything.
type Machines interface {
	Inspect(ctx context.Context, id string) (driverapi.Facts, error)
	HealthProblems(balancerID, serviceID string) map[string]error
}

// Config configures an [Examiner]. Account and Machines are required.
type Config struct {
	Account  Account
	Machines Machines
	// Transport carries requests to Prometheus; by default one without a proxy.
	Transport http.RoundTripper
	// FailedPulls returns images that the machine with an id could not pull, each
	// with the reason. It may be nil.
	FailedPulls func(machineID string) []string
	// Untrusting returns hosts of the cloud to which programs connected without
	// trusting them. It may be nil.
	Untrusting func() []string
}

const (
	// mostHints is how many a line gets.
	mostHints = 3
	// mostMachines is how many of one line are looked into.
	mostMachines = 4
	// freshness is how long what was seen of a machine is used again: lines ask
	// every few seconds whether they can still hold, and looking into a machine
	// costs CPU that its programs want.
	freshness = 20 * time.Second
)

// An Examiner finds causes. Its methods are safe for concurrent use.
type Examiner struct {
	cfg Config

	mu   sync.Mutex
	seen map[string]sighted // by instance id
}

type sighted struct {
	facts driverapi.Facts
	at    time.Time
}

// New makes an examiner. The error says what is missing.
func New(cfg Config) (*Examiner, error) {
	if cfg.Account == nil || cfg.Machines == nil {
		return nil, errors.New("configure the diagnosis: Account and Machines are required")
	}
	if cfg.Transport == nil {
		cfg.Transport = &http.Transport{DisableKeepAlives: true}
	}
	return &Examiner{cfg: cfg, seen: map[string]sighted{}}, nil
}

// A finding is something that may be the cause.
type finding struct {
	seen   string
	do     string // empty: nothing is known that helps
	weight weight
	final  bool // as long as it is seen, the line cannot hold any more
}

// A weight is how much of a cause a finding is, the weightiest first.
type weight int

const (
	cause    weight = iota
	symptom         // has a cause that may be among the findings
	incident        // may well be unrelated
)

// A patient is a machine that a line is about.
type patient struct {
	exoapi.InstanceInfo

	facts driverapi.Facts
}

// Diagnose returns the probable cause. It is final when a machine has died, or its
// user-data ended with an error, and nothing can come up any more that the line needs;
// when no rule opens a port, as nothing but another apply adds one; and when the API
// refuses all that a machine asks for whose user-data is done.
func (e *Examiner) Diagnose(ctx context.Context, about acceptance.Subject) acceptance.Diagnosis {
	var findings []finding
	final := false
	patients := e.patients(ctx, about)
	for _, p := range patients {
		findings = append(findings, e.examine(p, about)...)
		final = final || hopeless(p, about.Port) || e.shut(p, about.Port)
	}
	if about.Balancer {
		findings = append(findings, e.balancer(patients, len(findings) > 0)...)
	}
	for _, p := range patients {
		findings = append(findings, e.failedPulls(p)...)
	}
	if about.Port == 0 {
		others := e.monitoring(ctx, patients, about)
		if slices.ContainsFunc(patients, broken) {
			findings = append(findings, others...)
		} else {
			findings = append(others, findings...)
		}
		slices.SortStableFunc(findings, func(a, b finding) int { return int(a.weight - b.weight) })
		final = final || slices.ContainsFunc(findings, func(f finding) bool { return f.final })
	}
	return summary(findings, final)
}

// failedPulls says which images a machine did not get.
func (e *Examiner) failedPulls(p patient) (found []finding) {
	if e.cfg.FailedPulls == nil {
		return nil
	}
	for _, pull := range e.cfg.FailedPulls(p.ID) {
		found = append(found, finding{seen: p.named("an image could not be pulled: %s", pull)})
	}
	return found
}

// summary says the first finding, and what to do about the first few. What has to
// be done anyway is said once: members of a pool have the same mistakes.
func summary(findings []finding, final bool) acceptance.Diagnosis {
	d := acceptance.Diagnosis{Final: final}
	var said []string
	for i, f := range findings {
		key := f.do
		if key == "" {
			key = f.seen
		}
		if slices.Contains(said, key) || len(d.Hints) == mostHints {
			continue
		}
		said = append(said, key)
		hint := f.do
		if i == 0 {
			d.Cause = f.seen
		} else if hint = f.seen; f.do != "" {
			hint += ": " + f.do
		}
		if hint != "" && !slices.Contains(d.Hints, hint) {
			d.Hints = append(d.Hints, hint)
		}
	}
	return d
}

// patients looks into the machines: first those that are in error.
func (e *Examiner) patients(ctx context.Context, about acceptance.Subject) []patient {
	var found []patient
	for _, i := range e.cfg.Account.Instances() {
		if slices.Contains(about.Machines, i.ID) {
			found = append(found, patient{InstanceInfo: i})
		}
	}
	slices.SortStableFunc(found, func(a, b patient) int { return rank(a) - rank(b) })
	found = found[:min(len(found), mostMachines)]
	for i := range found {
		found[i].facts = e.inspect(ctx, found[i].ID)
	}
	return found
}

func rank(p patient) int {
	switch {
	case p.Error != "":
		return 0
	case p.PoolID == "":
		return 1 // there is one of them, of members there may be many
	}
	return 2
}

// inspect returns the facts of a machine; none where they cannot be had.
func (e *Examiner) inspect(ctx context.Context, id string) driverapi.Facts {
	e.mu.Lock()
	last, known := e.seen[id]
	e.mu.Unlock()
	if known && time.Since(last.at) < freshness {
		return last.facts
	}
	facts, err := e.cfg.Machines.Inspect(ctx, id)
	if err != nil {
		return driverapi.Facts{On: true} // nothing is said about it
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen[id] = sighted{facts, time.Now()}
	return facts
}

// hopeless reports whether a machine has died, or its user-data has failed, and no
// program is there that could still answer on the port: what a script started before
// it failed may.
func hopeless(p patient, port int) bool {
	if p.Error != "" && !p.facts.On {
		return true
	}
	if !userDataFailed(p) {
		return false
	}
	if port != 0 {
		return !listens(p.facts, port) && !slices.ContainsFunc(p.facts.Containers, func(c driverapi.Container) bool {
			return c.State == "created" || c.Restarts > 0 || restless(c)
		})
	}
	return len(p.facts.Containers) == 0
}

// shut reports whether nothing may reach the port.
func (e *Examiner) shut(p patient, port int) bool {
	admission, _ := e.admitted(p, port)
	return port != 0 && admission == closed
}

// broken reports whether user-data failed, or is not done.
func broken(p patient) bool { return p.Error != "" || !p.facts.On || len(p.facts.Working) > 0 }

func userDataFailed(p patient) bool { return strings.HasPrefix(p.Error, "user-data failed") }

// named begins what is said of a machine.
func (p patient) named(format string, args ...any) string {
	return p.Name + ": " + fmt.Sprintf(format, args...)
}
