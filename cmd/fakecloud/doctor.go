package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"time"

	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/fake/machine/process"
	"github.com/exopool/exopool/internal/providers"
)

// errUnfit says that something is missing, which the list before tells.
var errUnfit = errors.New("machines that really boot are not possible here until what is marked ✗ is there")

// doctor tells what each kind of machine needs, and whether it is there. Its
// exit code is about machines that really boot.
func (p program) doctor(ctx context.Context, args []string) (int, error) {
	var s settings
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	s.declareNspawn(flags)
	if err := p.parse(flags, args, ""); err != nil {
		return exitOK, err
	}
	fmt.Fprintln(p.stdout, "Machines that really boot (-machines nspawn)")
	met := true
	for _, r := range nspawn.Examine(ctx, s.nspawnConfig(fakecloud.DriverConfig{Logger: slog.New(slog.DiscardHandler)})) {
		p.diagnose(r.Name, r.Problem, r.Remedy)
		met = met && r.OK()
	}
	fmt.Fprintln(p.stdout, "\nMachines that are processes (-machines process)")
	p.diagnose("Linux, with a loopback network that is free", text(tryProcesses(ctx)), "use Linux, or -machines memory")
	fmt.Fprintln(p.stdout, "\nMachines on paper (-machines memory)")
	p.diagnose("nothing is needed", "", "")
	fmt.Fprintln(p.stdout, "\nRehearsals (fakecloud rehearse)")
	_, err := providers.Terraform(ctx)
	p.diagnose("Terraform or OpenTofu", text(err), "install one of them, see the message")
	if !met {
		return exitFault, errUnfit
	}
	return exitOK, nil
}

// diagnose prints one line, and what to do about it when there is a problem.
func (p program) diagnose(name, problem, remedy string) {
	if problem == "" {
		fmt.Fprintf(p.stdout, "  ✓ %s\n", name)
		return
	}
	fmt.Fprintf(p.stdout, "  ✗ %s: %s\n      what helps: %s\n", name, problem, remedy)
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// tryProcesses starts the process driver, and ends it.
func tryProcesses(ctx context.Context) error {
	driver, err := process.New(ctx, process.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return driver.Close(ctx)
}
