package main

import (
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/demo/internal/system"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/policy"
)

// A config is what the program works with.
type config struct {
	System      system.Config
	RealTime    bool
	Hill        bool // the clients come and go in a fixed time
	JSONFile    string
	Decisions   string // file for all decisions
	LogFile     string
	Grafana     string // auto, off or a path
	GrafanaHome string
}

// The shapes of the load.
const (
	loadSteady = "steady"
	loadHill   = "hill"
)

// grafanaOff leaves the alerts to the built-in rules.
const grafanaOff = "off"

// measuredSpeed is the speed of runs that compare policies: at a higher one, the
// load of a member is measured over so short a time that policies see noise.
const measuredSpeed = 8

// longest is longer than anybody waits for a demo.
const longest = 24 * time.Hour

// declare returns the settings, and what reading them fills.
func declare(getenv func(string) string) (*settings.Set, *config) {
	cfg := &config{System: system.DefaultConfig(), Grafana: grafanaOff}
	set := settings.New("demo", `demo shows on one host how the number of servers follows the load.

It starts a fake Exoscale whose members are real processes behind a real load
balancer, Prometheus, alerts, discovery and the autoscaler. Clients send
requests for /load for a while. Exit code 0 means that the pool grew, that the
average CPU came back under the threshold, that no request was lost, and that
the pool shrank to its minimum size.`, getenv)
	set.ExitCodes = "0 when the pool followed the load, 1 when it did not or on a failure, 2 when a setting is wrong."
	speed := addSystem(set, &cfg.System)
	settings.Add(set, &cfg.RealTime, settings.Spec{
		Flag: "real-time", Help: "turns of 60 s as in a real installation: the same as -speed 1, takes 8 to 12 minutes",
	}, settings.Bool())
	set.Check(func() {
		if cfg.RealTime {
			cfg.System.Speed = 1
		}
	})
	settings.Add(set, &cfg.System.Interactive, settings.Spec{
		Flag: "interactive", Help: "leave the load to you, on the web page or with keys, until Ctrl-C",
	}, settings.Bool())
	load := loadSteady
	shape := settings.Add(set, &load, settings.Spec{
		Flag: "load", Help: "how the clients come: steady, all at once until the average CPU has stayed low, or hill, for comparing policies: " +
			"more and more of them for 4 turns, all for 4, fewer and fewer for 16, and 9 turns more without; then removed members finish their requests",
	}, settings.OneOf("SHAPE", loadSteady, loadHill))
	set.Check(func() {
		if cfg.Hill = load == loadHill; !cfg.Hill {
			return
		}
		cfg.System.Removal = exoapi.LenientRemoval()
		if cfg.System.Interactive {
			shape.Wrong("is hill, beside -interactive, with which the load is yours")
		}
	})
	settings.Add(set, &cfg.Grafana, settings.Spec{
		Flag: "grafana", Arg: "PATH",
		Help: "what evaluates the alerts: auto for an installed Grafana, the path of one, or off for the built-in rules; " +
			"with a Grafana, only the cloud follows -speed, and the demo takes 6 to 12 minutes",
	}, settings.Path())
	settings.Add(set, &cfg.GrafanaHome, settings.Spec{
		Flag: "grafana-home", Help: "folder with Grafana's conf, if that is not beside the program",
	}, settings.Path())
	set.Check(func() {
		if cfg.GrafanaHome != "" && cfg.Grafana == grafanaOff {
			set.Wrong("flag -grafana-home", "was given without a Grafana", "give -grafana auto or -grafana PATH as well")
		}
	})
	settings.Add(set, &cfg.JSONFile, settings.Spec{Flag: "json", Help: "file for the summary as JSON"}, settings.Path())
	settings.Add(set, &cfg.Decisions, settings.Spec{
		Flag: "decisions", Help: "file for all decisions of the autoscaler as JSON, which replay -decisions reads",
	}, settings.Path())
	settings.Add(set, &cfg.LogFile, settings.Spec{Flag: "log", Help: "file for the logs of all parts"}, settings.Path())
	set.Check(func() {
		if (cfg.Hill || cfg.System.Policy != nil) && !speed.Given() && !cfg.RealTime {
			cfg.System.Speed = measuredSpeed
		}
	})
	settings.Validate(set, &cfg.System)
	return set, cfg
}

// addSystem declares what is shown. It returns the setting of the speed.
func addSystem(set *settings.Set, into *system.Config) *settings.Setting {
	speed := settings.Add(set, &into.Speed, settings.Spec{
		Flag: "speed", Help: "how much faster than real time: shortens intervals, windows and boot times together; " +
			"8 unless given with -policy target or follow, or -load hill, which need longer measurements",
	}, settings.Float(1, system.MaxSpeed))
	settings.Add(set, &into.Min, settings.Spec{
		Flag: "min", Help: "minimum size of the pool, with which it starts",
	}, settings.Int(1, system.MaxSize))
	settings.Add(set, &into.Max, settings.Spec{
		Flag: "max", Help: "maximum size of the pool",
	}, settings.Int(1, system.MaxSize))
	settings.Add(set, &into.Clients, settings.Spec{
		Flag: "clients", Help: "how many clients send requests for /load in parallel",
	}, settings.Int(1, system.MaxClients))
	settings.Add(set, &into.Period, settings.Spec{
		Flag: "period", Help: "minimum time between two requests of one client",
	}, positive())
	settings.Add(set, &into.Share, settings.Spec{
		Flag: "share", Help: "share of one CPU that each member has",
	}, share())
	settings.Add(set, &into.Work, settings.Spec{
		Flag: "work", Help: "CPU time that one request takes",
	}, positive())
	settings.Add(set, &into.BootAge, settings.Spec{
		Flag: "boot-aware", Help: "leave members out of the average CPU until they were healthy once and are older than this (at real speed)",
	}, settings.Duration(0, longest))
	policies := settings.OneOf("POLICY", "step", "target", "follow").Then(func(name string) (string, error) {
		into.Policy, into.Guards = nil, autoscale.Guards{}
		switch name {
		case "target":
			into.Policy = policy.Target{Tolerance: 0.1}
			into.Guards.DownStabilization = 5 * time.Minute
		case "follow":
			follow, err := policy.NewFollow(policy.FollowConfig{})
			if err != nil {
				return name, err
			}
			into.Policy = follow
		}
		return name, nil
	})
	name := "step"
	settings.Add(set, &name, settings.Spec{
		Flag: "policy", Help: "what decides about the size: step by the alerts, target by the CPU use of the members, or follow by a forecast of it",
	}, policies)
	settings.Add(set, &into.Page, settings.Spec{
		Flag: "page", Help: "loopback address of the web page; port 0 means any free one",
	}, settings.Address())
	return speed
}

// positive returns the kind of durations above zero.
func positive() settings.Kind[time.Duration] {
	kind := settings.Duration(time.Nanosecond, longest)
	kind.Range, kind.Remedy = "above 0s", "give a duration above 0s"
	return kind
}

// share returns the kind of shares of a CPU.
func share() settings.Kind[float64] {
	kind := settings.Float(0, 1)
	kind.Range, kind.Remedy = "above 0, at most 1", "give a number above 0 and at most 1"
	return kind
}
