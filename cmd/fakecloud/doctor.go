package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	return &command.Command{
		Set: set, Short: "list what this host lacks for machines that boot",
		Run: func(ctx context.Context) error { return p.examine(ctx, *cfg) },
	}
}

// examine prints what each kind of machine needs.
func (p program) examine(ctx context.Context, cfg config) error {
	fmt.Fprintln(p.stdout, "Machines that boot (-machines nspawn)")
	met := true
	machines := cfg.nspawnConfig(fakecloud.DriverConfig{Logger: slog.New(slog.DiscardHandler)})
	for _, r := range nspawn.Examine(ctx, machines) {
		p.printRequirement(r.Name, r.Problem, r.Remedy)
		met = met && r.OK()
	}
	fmt.Fprintln(p.stdout, "\nTemplates of machines that boot, for instances that ask for them")
	for _, r := range nspawn.ExamineTemplates(ctx, machines) {
		p.printRequirement(r.Name, r.Problem, r.Remedy)
	}
	fmt.Fprintln(p.stdout, "\nMachines that are processes (-machines process)")
	p.printRequirement("Linux, with a free loopback network", problem(tryProcesses(ctx)), "use Linux, or -machines memory")
	fmt.Fprintln(p.stdout, "\nMachines that are state only (-machines memory)")
	p.printRequirement("nothing else", "", "")
	fmt.Fprintln(p.stdout, "\nRehearsals (fakecloud rehearse)")
	_, err := providers.Terraform(ctx)
	p.printRequirement("Terraform or OpenTofu", problem(err), "install one of them")
	if !met {
		return errMissing
	}
	return nil
}

// printRequirement prints one line, and what to do about a problem.
func (p program) printRequirement(name, problem, remedy string) {
	if problem == "" {
		fmt.Fprintf(p.stdout, "  ✓ %s\n", name)
		return
	}
	fmt.Fprintf(p.stdout, "  ✗ %s: %s\n      remedy: %s\n", name, problem, remedy)
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
