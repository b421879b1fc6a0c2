package main

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/replay"
	"github.com/exopool/exopool/replay/contender"
	"github.com/exopool/exopool/replay/traces"
)

// A config is what the program works with.
type config struct {
	Model      replay.Config
	Traces     []string // paths; neither these nor a Prometheus: those that come with exopool
	Prometheus source
	Names      []string // of the contenders
	Signal     replay.Signal
	Price      float64 // of a member hour, in any currency; 0: not known
	Tune       float64 // percent of the members needed that may lack; 0: no tuning
	JSON       string  // path; empty: none is written
	Picture    string
	Decisions  string // path; empty: loads are replayed

	traces *settings.Setting
}

// declare returns the settings, and what reading them fills.
func declare(getenv func(string) string) (*settings.Set, *config) {
	cfg := &config{Model: replay.DefaultConfig(), Names: []string{"step", "target", "follow", "clairvoyant"}, Signal: replay.Requests}
	set := settings.New("replay", "replay tries ways to scale a pool on loads of the past: it runs the loop of the autoscaler against a model\n"+
		"of a pool in virtual time, and prints how well each has followed the load and what it would have cost.", getenv)
	set.ExitCodes = "0 when all was replayed, 1 on a failure, 2 when a setting or a trace is wrong."
	cfg.traces = settings.AddRepeated(set, &cfg.Traces, settings.Spec{
		Flag: "trace", Arg: "FILE", Default: "those that come with exopool", Remedy: "give a CSV file with the columns seconds_from_start, and requests_per_second or load",
		Help: "CSV file with the columns seconds_from_start, and requests_per_second or load; may be given several times",
	}, settings.File())
	addPrometheus(set, &cfg.Prometheus)
	settings.Add(set, &cfg.Names, settings.Spec{
		Flag: "policies", Arg: "NAMES", Help: "what to try, separated by commas: " + strings.Join(names(), ", "),
	}, settings.List(settings.OneOf("NAME", names()...)))
	settings.Add(set, &cfg.Signal, settings.Spec{
		Flag: "signal", Help: "what policies are shown of the load: requests, or cpu, which ends at 100 %",
	}, settings.OneOf("SIGNAL", replay.Requests, replay.CPU))
	settings.Add(set, &cfg.Model.Peak, settings.Spec{
		Flag: "peak", Help: "members that the peak of each trace takes at the objective",
	}, settings.Float(0.1, replay.MaxMembers))
	settings.Add(set, &cfg.Model.Objective, settings.Spec{
		Flag: "objective", Help: "CPU use of a member up to which it serves as it should",
	}, settings.Float(0.05, 1))
	settings.Add(set, &cfg.Model.Boot, settings.Spec{
		Flag: "boot", Help: "time from asking for a member until it serves, in whole seconds",
	}, settings.Duration(0, replay.MaxBoot))
	settings.Add(set, &cfg.Model.Interval, settings.Spec{
		Flag: "interval", Help: "time from one turn to the next, in whole seconds",
	}, settings.Duration(replay.MinInterval, replay.MaxInterval))
	settings.Add(set, &cfg.Model.Min, settings.Spec{Flag: "min", Help: "minimum size of the pool"}, settings.Int(1, replay.MaxMembers))
	maximum := settings.Add(set, &cfg.Model.Max, settings.Spec{
		Flag: "max", Help: "maximum size of the pool", Default: "twice the peak",
	}, settings.Int(1, replay.MaxMembers))
	settings.Add(set, &cfg.Model.FailedStarts, settings.Spec{
		Flag: "failed-starts", Help: "share of new members that never serve",
	}, settings.Float(0, 1))
	settings.Add(set, &cfg.Model.Seed, settings.Spec{Flag: "seed", Help: "another one lets other members fail"}, seed())
	settings.Add(set, &cfg.Price, settings.Spec{
		Flag: "price", Default: "money is left out", Help: "price of a member for one hour, in any currency",
	}, settings.Float(0, 1e6))
	settings.Add(set, &cfg.Tune, settings.Spec{
		Flag: "tune", Arg: "PERCENT", Default: "no tuning",
		Help: "instead, try settings of the policy follow, and propose the cheapest of which no more lacks than so many percent of the members needed",
	}, settings.Float(0.001, 50))
	settings.Add(set, &cfg.Decisions, settings.Spec{
		Flag: "decisions", Arg: "FILE", Default: "loads are replayed",
		Help: "instead, say what policies would have wanted in the turns of an autoscaler that decided by the load, from what its /decisions has answered",
	}, settings.File())
	settings.Add(set, &cfg.JSON, settings.Spec{Flag: "json", Arg: "FILE", Default: "none", Help: "file to write the figures to"}, settings.File())
	settings.Add(set, &cfg.Picture, settings.Spec{
		Flag: "picture", Arg: "FILE", Default: "none", Help: "SVG file to draw the load and the pool in; with -tune what less shortage costs",
	}, settings.File())
	set.Check(func() {
		if !maximum.Given() {
			cfg.Model.Max = min(max(int(math.Ceil(2*cfg.Model.Peak)), cfg.Model.Min), replay.MaxMembers)
		}
	})
	settings.Validate(set, &cfg.Model)
	return set, cfg
}

// names returns the names of all that can be tried.
func names() []string {
	all := contender.All("")
	list := make([]string, 0, len(all))
	for _, c := range all {
		list = append(list, c.Name)
	}
	return list
}

// contenders returns what is to be tried.
func (cfg config) contenders() []replay.Contender {
	all := contender.All(cfg.Signal)
	list := make([]replay.Contender, 0, len(cfg.Names))
	for _, name := range cfg.Names {
		list = append(list, all[slices.IndexFunc(all, func(c replay.Contender) bool { return c.Name == name })])
	}
	return list
}

// seed returns the kind of seeds.
func seed() settings.Kind[uint64] {
	kind := settings.Int(0, math.MaxInt32)
	return settings.Kind[uint64]{
		Arg: kind.Arg, Range: kind.Range, Remedy: kind.Remedy,
		Parse: func(text string) (uint64, error) {
			n, err := kind.Parse(text)
			return uint64(n), err //nolint:gosec // G115: not negative
		},
	}
}

// readTraces reads the traces that were named, or those that come with exopool.
func (cfg config) readTraces(ctx context.Context) ([]replay.Trace, error) {
	if len(cfg.Traces) == 0 && cfg.Prometheus.URL == "" {
		return traces.All()
	}
	list := make([]replay.Trace, 0, len(cfg.Traces)+1)
	for _, path := range cfg.Traces {
		trace, err := readTrace(path)
		if err != nil {
			return nil, cfg.traces.NewError("names a file that cannot be used: " + err.Error())
		}
		list = append(list, trace)
	}
	if cfg.Prometheus.URL == "" {
		return list, nil
	}
	trace, err := cfg.Prometheus.read(ctx, time.Now())
	return append(list, trace), err
}

// readTrace reads a trace, which is called like its file.
func readTrace(path string) (replay.Trace, error) {
	file, err := os.Open(path) //nolint:gosec // G304: the user names it
	if err != nil {
		return replay.Trace{}, err
	}
	defer file.Close()
	return replay.ReadTrace(strings.TrimSuffix(filepath.Base(path), ".csv"), file)
}
