package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/terraform"
)

var (
	// errNotMet says that lines do not hold, which are listed before.
	errNotMet = errors.New("the course's checker would not pass this folder")
	// errInterrupted says that there is no verdict.
	errInterrupted = errors.New("interrupted before all lines were checked")
)

// A rehearsal is what a user asks to be judged.
type rehearsal struct {
	settings

	dir, root string
	arguments []string // of Terraform
}

// rehearse applies a folder of Terraform configuration to an instance of its
// own, checks what the course's checker checks, and destroys it.
func (p program) rehearse(ctx context.Context, args []string) (int, error) {
	r, err := p.parseRehearsal(args)
	if err != nil {
		return exitOK, err
	}
	if err := p.chooseMachines(ctx, &r); err != nil {
		return exitOK, err
	}
	results, err := p.runChecks(ctx, r)
	if results != nil {
		p.sumUp(results)
	}
	if err == nil && acceptance.AnyFailed(results) {
		err = errNotMet
	}
	return exitOK, err
}

// parseRehearsal reads the command line and looks at the folder.
func (p program) parseRehearsal(args []string) (r rehearsal, err error) {
	r.listen = "127.0.0.1:0"
	flags := flag.NewFlagSet("rehearse", flag.ContinueOnError)
	r.declare(flags)
	flags.Lookup("machines").DefValue = "nspawn where fakecloud doctor finds all it needs, else process"
	flags.Lookup("v").Usage = "show what Terraform prints, and log what happens behind the API"
	r.machines = ""
	flags.StringVar(&r.root, "root", "", "`folder` to copy, DIR or one above it (default: the Git repository around DIR)")
	if err := p.parse(flags, args, "DIR [-- TERRAFORM-ARGUMENT...]"); err != nil {
		return r, err
	}
	if flags.NArg() == 0 {
		return r, usageError{errors.New("no folder given: want fakecloud rehearse DIR, where DIR holds your *.tf files")}
	}
	r.dir, r.arguments = flags.Arg(0), flags.Args()[1:]
	if len(r.arguments) > 0 && r.arguments[0] != "--" {
		return r, usageError{fmt.Errorf("unexpected argument %q: flags come before DIR, Terraform's arguments after --", r.arguments[0])}
	}
	r.arguments = slices.DeleteFunc(r.arguments, func(a string) bool { return a == "--" })
	if err := terraform.Check(r.dir); err != nil {
		return r, usageError{err}
	}
	return r, nil
}

// chooseMachines settles what the machines are: what the user says, or those
// that can do most here.
func (p program) chooseMachines(ctx context.Context, r *rehearsal) error {
	if r.machines == "" {
		r.machines = p.bestMachines(ctx, r.settings)
	}
	if err := r.validate(); err != nil {
		return err
	}
	if r.machines == machinesNspawn && r.speed != 1 {
		return usageError{errors.New("-speed: machines that boot take their real time")}
	}
	return nil
}

// bestMachines returns the machines that can do most on this host.
func (p program) bestMachines(ctx context.Context, s settings) string {
	for _, r := range nspawn.Examine(ctx, s.nspawnConfig(fakecloud.DriverConfig{Logger: slog.New(slog.DiscardHandler)})) {
		if !r.OK() {
			fmt.Fprintf(p.stderr, "fakecloud rehearse: machines cannot boot here (%s: %s), so they are processes that do not\n"+
				"execute user-data. \"fakecloud doctor\" lists what is missing.\n\n", r.Name, r.Problem)
			return machinesProcess
		}
	}
	return machinesNspawn
}

// runChecks starts the cloud, and checks the folder against it line by line.
func (p program) runChecks(ctx context.Context, r rehearsal) (results []acceptance.Result, err error) {
	checks, all, release := p.interruptible(ctx)
	defer release()
	defer func() {
		if checks.Err() != nil { // which explains any other error
			err = errInterrupted
		}
	}()
	installation, err := p.findTerraform(checks)
	if err != nil {
		return nil, err
	}
	cloud, err := p.startCloud(checks, r.settings)
	if err != nil {
		return nil, err
	}
	defer p.reportUnsupported(cloud, "Terraform")
	defer p.close(cloud) // so that the report is complete
	p.reportWithheld()
	folder, err := p.copyFolder(r, installation, cloud, all.Done())
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	fmt.Fprintf(p.stdout, "%s on a fake Exoscale with %s machines, in a copy with a state of its own\n\n", r.dir, r.machines)
	ability, reason := r.ability()
	progress := &progress{to: p.stdout}
	return acceptance.Run(checks, all, acceptance.Config{
		Installer: folder, Cloud: cloud.API(), Ability: ability, Reason: reason, Speed: r.speed,
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: cloud.DialContext},
		Report:    progress.result, Progress: progress.waiting,
	})
}

// ability is what the machines can do, and why no more.
func (r *rehearsal) ability() (acceptance.Ability, string) {
	switch r.machines {
	case machinesNspawn:
		return acceptance.Boot, ""
	case machinesProcess:
		return acceptance.Traffic, "needs machines that execute their user-data: -machines nspawn"
	}
	return acceptance.StateOnly, "needs machines that answer: -machines nspawn or process"
}
