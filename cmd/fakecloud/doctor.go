package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/fake/machine/process"
	"github.com/exopool/exopool/internal/providers"
)

// errMissing says that something is missing, which is listed before.
var errMissing = errors.New("machines cannot boot here until what is marked ✗ is installed")

// doctor prints what each kind of machine needs, and what is missing. Its exit
// code is about machines that boot.
func (p program) doctor() *command.Command {
	cfg := new(config)
	set := p.newSet("doctor", "fakecloud doctor lists what each kind of machines needs, and what is missing on this host.")
	set.ExitCodes = "0 when machines can boot here, 1 when something for that is missing, 2 when a setting is wrong."
	addNspawn(set, cfg)
	inJSON := command.AddJSON(set)
	return &command.Command{
		Set: set, Short: "list what this host lacks for machines that boot",
		Run: func(ctx context.Context) error { return p.examine(ctx, *cfg, *inJSON) },
	}
}

// A requirement is something that a purpose needs of this host.
type requirement struct {
	For     string `json:"for"` // a purpose: nspawn, templates, process, memory or rehearse
	Name    string `json:"name"`
	Met     bool   `json:"met"`
	Problem string `json:"problem,omitempty"`
	Remedy  string `json:"remedy,omitempty"`
}

// purposes are what requirements are for, in the order in which they are listed.
func purposes() [][2]string {
	return [][2]string{
		{machinesNspawn, "Machines that boot (-machines nspawn)"},
		{"templates", "Templates of machines that boot, for instances that ask for them"},
		{machinesProcess, "Machines that are processes (-machines process)"},
		{machinesMemory, "Machines that are state only (-machines memory)"},
		{"rehearse", "Rehearsals (fakecloud rehearse)"},
	}
}

// requirements returns what each purpose needs.
func requirements(ctx context.Context, cfg config) (list []requirement) {
	add := func(purpose, name, problem, remedy string) {
		r := requirement{For: purpose, Name: name, Met: problem == "", Problem: problem}
		if !r.Met {
			r.Remedy = remedy
		}
		list = append(list, r)
	}
	machines := cfg.nspawnConfig(fakecloud.DriverConfig{Logger: slog.New(slog.DiscardHandler)})
	for _, r := range nspawn.Examine(ctx, machines) {
		add(machinesNspawn, r.Name, r.Problem, r.Remedy)
	}
	for _, r := range nspawn.ExamineTemplates(ctx, machines) {
		add("templates", r.Name, r.Problem, r.Remedy)
	}
	add(machinesProcess, "Linux, with a free loopback network", problem(tryProcesses(ctx)), "use Linux, or -machines memory")
	add(machinesMemory, "nothing else", "", "")
	_, err := providers.Terraform(ctx)
	add("rehearse", "Terraform or OpenTofu", problem(err), "install one of them")
	return list
}

// examine prints what each purpose needs, and what is missing.
func (p program) examine(ctx context.Context, cfg config, inJSON bool) error {
	examining := p.wait("examining this host and the mirrors", 0)
	list := requirements(ctx, cfg)
	examining.End()
	if inJSON {
		if err := command.WriteJSON(p.stdout, list); err != nil {
			return err
		}
	} else {
		p.printRequirements(list)
	}
	if slices.ContainsFunc(list, func(r requirement) bool { return r.For == machinesNspawn && !r.Met }) {
		return errMissing
	}
	return nil
}

// printRequirements prints a line for each, and what to do about a problem.
func (p program) printRequirements(list []requirement) {
	for i, purpose := range purposes() {
		if i > 0 {
			fmt.Fprintln(p.stdout)
		}
		fmt.Fprintln(p.stdout, purpose[1])
		for _, r := range list {
			switch {
			case r.For != purpose[0]:
			case r.Met:
				fmt.Fprintf(p.stdout, "  ✓ %s\n", r.Name)
			default:
				fmt.Fprintf(p.stdout, "  ✗ %s: %s\n      remedy: %s\n", r.Name, r.Problem, r.Remedy)
			}
		}
	}
}

func problem(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// tryProcesses starts the process driver, and ends it.
func tryProcesses(ctx context.Context) error {
	driver, err := process.New(ctx, process.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return driver.Close(ctx)
}
