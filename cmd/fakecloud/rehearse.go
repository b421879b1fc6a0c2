package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/internal/rehearsal/terraform"
)

var (
	// errNotMet says that lines do not hold, which are listed before.
	errNotMet = errors.New("the course's checker would not pass this folder")
	// errInterrupted says that there is no verdict.
	errInterrupted = errors.New("interrupted before all lines were checked")
)

const (
	lastSprint = 3
	noEngine   = "needs machines that boot, one of which runs the container: -machines nspawn"
)

// A rehearsal is what a user asks to be checked.
type rehearsal struct {
	config

	dir, root string
	arguments []string // of Terraform
	speed     *settings.Setting
	sprints   []int
	beyond    bool
	failFast  bool
	report    reportFile
	limits    *limits
}

// rehearse applies a folder of Terraform configuration to a new instance, checks
// what the course's checker checks, and destroys it.
func (p program) rehearse() *command.Command {
	set, r := p.declareRehearsal()
	return &command.Command{
		Set: set, Short: "apply a Terraform folder, check it as the course does, and destroy it again",
		Run: func(ctx context.Context) error { return p.runRehearsal(ctx, *r) },
	}
}

func (p program) runRehearsal(ctx context.Context, r rehearsal) error {
	if err := p.chooseMachines(ctx, &r); err != nil {
		return err
	}
	limits, err := r.findLimits(p.environ)
	if err != nil {
		return err
	}
	r.limits = limits
	r.limits.print(p.stderr, r)
	to := p.stdout
	if r.report.onStdout() {
		to = p.stderr
	}
	found, err := p.runChecks(ctx, r, to)
	if found.Results != nil {
		sumUp(to, found)
		err = errors.Join(err, p.writeReport(r.report, found))
	}
	if err == nil && found.Failed() {
		err = errNotMet
	}
	return err
}

// declareRehearsal returns the settings of a rehearsal, and what reading them fills.
func (p program) declareRehearsal() (*settings.Set, *rehearsal) {
	r := new(rehearsal)
	r.Listen = "127.0.0.1:0"
	set := p.newSet("rehearse", "fakecloud rehearse applies a folder of Terraform configuration to a new fake Exoscale, checks what the "+
		"course's checker checks, and destroys it again. -v also shows what Terraform prints. -speed divides all limits, those of apply and destroy down "+
		"to 5 minutes: Terraform's pauses are real time.")
	set.ExitCodes = "0 when every line that could be checked holds, 1 when one does not or on a failure, 2 when a setting is wrong."
	dir := settings.AddOperand(set, &r.dir, settings.Spec{
		Arg: "DIR", Help: "folder of Terraform configuration", Required: true, Remedy: "give the folder that holds your *.tf files",
	}, settings.Path())
	set.Rest(&r.arguments, "[-- TERRAFORM-ARGUMENT...]")
	r.speed = addCloud(set, &r.config, "nspawn where fakecloud doctor finds all it needs, else process")
	settings.Add(set, &r.root, settings.Spec{
		Flag: "root", Default: "the Git repository around DIR", Help: "folder to copy, DIR or one above it",
	}, settings.Path())
	settings.Add(set, &r.sprints, settings.Spec{
		Flag: "sprint", Default: "all that apply", Help: "sprints whose scenarios are played, such as 1,2",
	}, settings.List(settings.Int(1, lastSprint)))
	settings.Add(set, &r.beyond, settings.Spec{
		Flag: "beyond", Help: "after the load of sprint 3, also check what the course's checker does not: up to an hour more",
	}, settings.Bool())
	settings.Add(set, &r.failFast, settings.Spec{
		Flag: "failfast", Help: "check nothing after the first line that fails, and destroy",
	}, settings.Bool())
	r.report.add(set)
	set.Check(func() {
		if err := terraform.Check(r.dir); err != nil {
			dir.Wrong("cannot be rehearsed: " + err.Error())
		}
	}, dir)
	return set, r
}

// chooseMachines settles what the machines are: what the user says, or those
// that can do most here.
func (p program) chooseMachines(ctx context.Context, r *rehearsal) error {
	if r.Machines == "" {
		r.Machines = p.bestMachines(ctx, r.config)
	}
	if r.Machines == machinesNspawn && r.Speed != 1 {
		return r.speed.NewError("cannot be other than 1 for machines that boot, which take their real time")
	}
	return nil
}

// bestMachines returns the machines that can do most on this host.
func (p program) bestMachines(ctx context.Context, cfg config) string {
	examining := p.wait("examining whether machines can boot here", 0)
	requirements := nspawn.Examine(ctx, cfg.nspawnConfig(fakecloud.DriverConfig{Logger: slog.New(slog.DiscardHandler)}))
	examining.End()
	for _, r := range requirements {
		if !r.OK() {
			fmt.Fprintf(p.stderr, "fakecloud rehearse: machines cannot boot here (%s: %s), so they are processes that do not\n"+
				"execute user-data. \"fakecloud doctor\" lists what is missing.\n\n", r.Name, r.Problem)
			return machinesProcess
		}
	}
	return machinesNspawn
}
