package acceptance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/internal/rehearsal/traffic"
)

// An Installer applies and destroys the installation.
type Installer interface {
	Apply(ctx context.Context) error
	Destroy(ctx context.Context) error
	// Resources returns the addresses of what the state lists.
	Resources(ctx context.Context) ([]string, error)
}

// A Cloud is the account of the installation. What it has before is not part
// of it. [exoapi.Cloud] is one.
type Cloud interface {
	Pools() []exoapi.PoolInfo
	Instances() []exoapi.InstanceInfo
	Balancers() []exoapi.BalancerInfo
	Inventory() map[string][]string
	Do(ctx context.Context, method, path string, body any) (id string, err error)
	Credential() (key, secret string)
}

// A Load sends requests to a URL, with any number of clients in parallel.
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
	StateOnly Ability = iota // exist in the account only
	Traffic                  // answer behind load balancers
	Boot                     // execute their user-data
)

// Config configures [Run]. Installer and Cloud are required.
type Config struct {
	Installer Installer
	Cloud     Cloud
	Ability   Ability
	// Reason says why the machines can do no more.
	Reason string

	// Partly returns what the last apply of Installer has left out of the
	// configuration, if anything: then that it ended without an error is no result,
	// but what it has installed is checked. It may be nil.
	Partly func() string
	// Impossible says why the configuration cannot be applied at all, if so.
	Impossible string

	// Sprints are those whose scenarios are played; by default all that apply:
	// without an instance outside the pool, sprints 2 and 3 do not.
	Sprints []int
	// Beyond adds lines that the course's checker does not have.
	Beyond bool
	// FailFast skips all lines after the first that fails, but the destruction.
	FailFast bool

	// Dir is the folder that was handed in, with the folders of the optional
	// scenarios.
	Dir string
	// Engine runs the containers of the optional scenarios. Without one they are
	// skipped, and NoEngine says why there is none.
	Engine   Engine
	NoEngine string
	// Diagnose returns why a line does not hold, if that is known. It may be nil.
	Diagnose func(context.Context, Subject) Diagnosis
	// Advise returns further advice about what is installed. It is called once,
	// before that is removed, and may be nil.
	Advise func() []Advice

	// Transport carries all requests to load balancers, machines and containers;
	// by default one without a proxy.
	Transport http.RoundTripper
	// NewLoad makes the ten clients; by default a [traffic.Generator] over
	// Transport.
	NewLoad func(url string) (Load, error)

	// Speed divides all limits; 1 when zero. The cloud's time has to be as
	// fast.
	Speed float64
	// Poll is the interval at which conditions are checked; when zero, 1 s
	// divided by Speed, but at least 100 ms.
	Poll time.Duration
	// ApplyTimeout, DestroyTimeout and BuildTimeout bound Terraform and the
	// building of images. When zero, they are 20 min divided by Speed, but at least
	// 5 min: the pauses that providers make between requests are real time.
	ApplyTimeout, DestroyTimeout, BuildTimeout time.Duration

	// Report gets every result as soon as it is known, and Progress, at each
	// poll, what is waited for. Both are called on the goroutine of Run, and
	// may be nil.
	Report   func(Result)
	Progress func(line, seen string, since, limit time.Duration)
}

const lastSprint = 3

func (c Config) validate() error {
	var faults []error
	if c.Installer == nil {
		faults = append(faults, errors.New("the Installer is missing"))
	}
	if c.Cloud == nil {
		faults = append(faults, errors.New("the Cloud is missing"))
	}
	for _, sprint := range c.Sprints {
		if sprint < 1 || sprint > lastSprint {
			faults = append(faults, fmt.Errorf("there is no sprint %d: give 1 to %d", sprint, lastSprint))
		}
	}
	return errors.Join(faults...)
}

// pause is what the ten clients wait after an answer: nothing that matters, but
// connections that are refused at once do not keep the host busy.
const pause = 10 * time.Millisecond

// Bounds of what is not a line's limit.
const (
	leastPoll         = 100 * time.Millisecond
	commandLimit      = 20 * time.Minute
	leastCommandLimit = 5 * time.Minute
)

func (c Config) withDefaults() Config {
	if c.Transport == nil {
		c.Transport = &http.Transport{DisableKeepAlives: true}
	}
	if c.NewLoad == nil {
		transport := c.Transport
		c.NewLoad = func(url string) (Load, error) {
			return traffic.New(traffic.Config{URL: url, Period: pause, MaxClients: clients, Timeout: 2 * time.Minute, Transport: transport})
		}
	}
	if c.Report == nil {
		c.Report = func(Result) {}
	}
	if c.Progress == nil {
		c.Progress = func(string, string, time.Duration, time.Duration) {}
	}
	if c.Partly == nil {
		c.Partly = func() string { return "" }
	}
	if c.Diagnose == nil {
		c.Diagnose = func(context.Context, Subject) Diagnosis { return Diagnosis{} }
	}
	if c.Advise == nil {
		c.Advise = func() []Advice { return nil }
	}
	c.Speed = cmp.Or(c.Speed, 1)
	c.Poll = cmp.Or(c.Poll, max(c.scaled(time.Second), leastPoll))
	command := max(c.scaled(commandLimit), leastCommandLimit)
	c.ApplyTimeout = cmp.Or(c.ApplyTimeout, command)
	c.DestroyTimeout = cmp.Or(c.DestroyTimeout, command)
	c.BuildTimeout = cmp.Or(c.BuildTimeout, command)
	return c
}

// scaled divides a duration of the real world by the speed.
func (c Config) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.Speed)
}
