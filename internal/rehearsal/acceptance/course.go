package acceptance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
)

// An Installer applies and destroys what is judged.
type Installer interface {
	Apply(ctx context.Context) error
	Destroy(ctx context.Context) error
	// Resources are the addresses of what the state lists.
	Resources(ctx context.Context) ([]string, error)
}

// A Cloud is the account in which it is done, empty but for what its Inventory
// lists before. [exoapi.Cloud] is one.
type Cloud interface {
	Pools() []exoapi.PoolInfo
	Instances() []exoapi.InstanceInfo
	Balancers() []exoapi.BalancerInfo
	Inventory() map[string][]string
	Do(ctx context.Context, method, path string, body any) (id string, err error)
}

// A Load asks for an URL with any number of clients in parallel.
// [traffic.Generator] is one.
type Load interface {
	Run(ctx context.Context) error
	SetClients(n int) int
}

// An Ability is what the machines of the cloud can do. Each includes those
// before it.
type Ability int

// The abilities.
const (
	Paper   Ability = iota // exist in the account only
	Traffic                // answer behind load balancers
	Boot                   // execute their user-data
)

// Config says what is judged and where. Installer and Cloud are required.
type Config struct {
	Installer Installer
	Cloud     Cloud
	Ability   Ability
	// Reason says why the machines have no further ability.
	Reason string

	// Transport carries all requests to load balancers and machines; nil is
	// one without a proxy.
	Transport http.RoundTripper
	// NewLoad makes the ten clients; nil is a [traffic.Generator] over Transport.
	NewLoad func(url string) (Load, error)

	// Speed divides all limits; 1 when zero. The cloud's time has to be as
	// fast.
	Speed float64
	// Poll is the time between two looks; 1 s when zero.
	Poll time.Duration
	// ApplyLimit and DestroyLimit bound Terraform; 20 min when zero.
	ApplyLimit, DestroyLimit time.Duration

	// Report hears of every result as soon as it is known, and Progress of
	// what is waited for, again and again. Both are called on the goroutine
	// of Run; nil means that nobody listens.
	Report   func(Result)
	Progress func(line, seen string, since, limit time.Duration)
}

func (c *Config) complete() error {
	if c.Installer == nil || c.Cloud == nil {
		return errors.New("rehearse: an installer and a cloud are needed")
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{DisableKeepAlives: true}
	}
	if c.NewLoad == nil {
		c.NewLoad = func(url string) (Load, error) {
			return traffic.New(traffic.Config{URL: url, Period: 100 * time.Millisecond, MaxClients: clients, Timeout: 2 * time.Minute, Transport: c.Transport})
		}
	}
	if c.Speed == 0 {
		c.Speed = 1
	}
	if c.Poll == 0 {
		c.Poll = time.Second
	}
	if c.ApplyLimit == 0 {
		c.ApplyLimit = 20 * time.Minute
	}
	if c.DestroyLimit == 0 {
		c.DestroyLimit = 20 * time.Minute
	}
	return nil
}

// Run applies, judges and destroys, and returns one result for each line, in
// the order of the lines. It destroys also when ctx ends before; the lines that
// were not reached are then Unchecked, and hurry, when it ends, cuts the
// destruction short.
func Run(ctx, hurry context.Context, cfg Config) ([]Result, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	r := &run{Config: cfg, broken: map[string]bool{}, unload: func() {}}
	before := cfg.Cloud.Inventory()
	for _, s := range slices.Concat(r.arrival(), r.shapes(), r.health(), r.monitoring(), r.replacement(), r.scaling()) {
		r.take(ctx, s)
	}
	r.unload()
	for _, s := range r.departure(before) {
		r.take(hurry, s)
	}
	return r.results, nil
}

// A step checks one line.
type step struct {
	line  string
	limit time.Duration // of the real world; 0: no time limit
	needs Ability
	after []string // lines without which this one makes no sense
	// check returns what was seen.
	check func(ctx context.Context, s step) (note string, err error)
}

// A run is one rehearsal under way.
type run struct {
	Config

	results []Result
	broken  map[string]bool // lines that do not hold, or were not checked
	cut     bool            // apply was interrupted

	members membership // as last seen
	minimum int        // members before the load
	load    Load       // nil while there is none
	unload  func()     // ends the load
}

// errUnseen: a line that would need another installation to be seen.
var errUnseen = errors.New("cannot be seen here")

// take takes a step, unless there is a reason not to.
func (r *run) take(ctx context.Context, s step) {
	s.limit = r.scaled(s.limit)
	result := Result{Line: s.line, Outcome: Unchecked, Limit: s.limit}
	if reason := r.obstacle(ctx, s); reason != "" {
		result.Note = reason
	} else {
		start := time.Now()
		note, err := s.check(ctx, s)
		result.Took, result.Note = time.Since(start), note
		switch {
		case err == nil:
			result.Outcome = Met
		case ctx.Err() != nil:
			result.Note = "interrupted"
			r.cut = r.cut || s.line == lineApply
		case errors.Is(err, errUnseen):
			result.Note = err.Error()
		default:
			result.Outcome, result.Note = Broken, err.Error()
		}
	}
	r.broken[s.line] = result.Outcome != Met
	r.results = append(r.results, result)
	if r.Report != nil {
		r.Report(result)
	}
}

// obstacle tells why a step cannot be taken.
func (r *run) obstacle(ctx context.Context, s step) string {
	if ctx.Err() != nil {
		return "interrupted"
	}
	if s.needs > r.Ability {
		return r.Reason
	}
	for _, line := range s.after {
		if r.broken[line] {
			return fmt.Sprintf("makes no sense without: %s", line)
		}
	}
	return ""
}

func (r *run) scaled(d time.Duration) time.Duration { return time.Duration(float64(d) / r.Speed) }

// await looks again and again until look says that all is well, at most until
// the step's limit, counted from since. The error tells what was seen last.
func (r *run) await(ctx context.Context, s step, since func() time.Time, look func(context.Context) (ok bool, seen string)) (note string, err error) {
	ticker := time.NewTicker(r.Poll)
	defer ticker.Stop()
	for {
		ok, seen := look(ctx)
		passed := time.Since(since())
		switch {
		case ctx.Err() != nil:
			return seen, ctx.Err()
		case ok:
			return seen, nil
		case passed >= s.limit:
			return "", fmt.Errorf("not within %s: %s", s.limit, seen)
		}
		if r.Progress != nil {
			r.Progress(s.line, seen, passed, s.limit)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}

// now is the start for limits that count from now on.
func now() func() time.Time {
	start := time.Now()
	return func() time.Time { return start }
}
