package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/exopool/exopool/fake/machine/nspawn"
	"github.com/exopool/exopool/internal/providers"
	"github.com/exopool/exopool/internal/rehearsal/acceptance"
	"github.com/exopool/exopool/internal/rehearsal/terraform"
)

var (
	// errBroken says that lines do not hold, which the list before tells.
	errBroken = errors.New("the course's checker would not be content")
	// errInterrupted says that there is no verdict.
	errInterrupted = errors.New("interrupted before all lines were checked")
)

// A rehearsal is what a user asks to be judged.
type rehearsal struct {
	settings

	dir, root string
	arguments []string // of Terraform
}

// rehearse applies a folder of Terraform configuration against an instance of
// its own, checks what the course's checker checks, and destroys it.
func (p program) rehearse(ctx context.Context, args []string) (int, error) {
	r := rehearsal{settings: settings{listen: "127.0.0.1:0"}}
	flags := flag.NewFlagSet("rehearse", flag.ContinueOnError)
	r.declare(flags)
	flags.Lookup("machines").DefValue = "nspawn where fakecloud doctor is content, else process"
	flags.Lookup("v").Usage = "show what Terraform says, and log what happens behind the API"
	r.machines = ""
	flags.StringVar(&r.root, "root", "", "`folder` to copy, DIR or one above it (default: the Git repository around DIR)")
	if err := p.parse(flags, args, "DIR [-- TERRAFORM-ARGUMENT...]"); err != nil {
		return exitOK, err
	}
	if flags.NArg() == 0 {
		return exitOK, usageError{errors.New("rehearse what? fakecloud rehearse DIR, where DIR holds your *.tf files")}
	}
	r.dir, r.arguments = flags.Arg(0), flags.Args()[1:]
	if len(r.arguments) > 0 && r.arguments[0] != "--" {
		return exitOK, usageError{fmt.Errorf("unexpected argument %q: flags come before DIR, Terraform's arguments after --", r.arguments[0])}
	}
	if err := terraform.Check(r.dir); err != nil {
		return exitOK, usageError{err}
	}
	r.arguments = slices.DeleteFunc(r.arguments, func(a string) bool { return a == "--" })
	if r.machines == "" {
		r.machines = p.ablest(ctx, r.settings)
	}
	if err := r.validate(); err != nil {
		return exitOK, err
	}
	if r.machines == machinesNspawn && r.speed != 1 {
		return exitOK, usageError{errors.New("-speed: machines that really boot take their real time")}
	}
	results, err := p.stage(ctx, r)
	if results != nil {
		p.sumUp(results)
	}
	if err == nil && acceptance.AnyFailed(results) {
		err = errBroken
	}
	return exitOK, err
}

// ablest returns the machines that can do most on this computer.
func (p program) ablest(ctx context.Context, s settings) string {
	for _, r := range nspawn.Examine(ctx, s.nspawn(slog.New(slog.DiscardHandler), nil)) {
		if !r.OK() {
			fmt.Fprintf(p.stderr, "fakecloud rehearse: machines cannot really boot here (%s: %s), so they are processes that do not\n"+
				"execute user-data. \"fakecloud doctor\" tells what is missing.\n\n", r.Name, r.Problem)
			return machinesProcess
		}
	}
	return machinesNspawn
}

// stage brings up the cloud and Terraform, and lets the course be run on them.
func (p program) stage(ctx context.Context, r rehearsal) (results []acceptance.Result, err error) {
	ctx, hurry, release := p.patience(ctx)
	defer release()
	defer func() {
		if ctx.Err() != nil { // which explains whatever else was said
			err = errInterrupted
		}
	}()
	binary, err := providers.Terraform(ctx)
	if err != nil {
		return nil, err
	}
	mirror, err := p.mirror(ctx)
	if err != nil {
		return nil, err
	}
	in, err := start(ctx, r.settings, p.environ, p.stderr)
	if err != nil {
		return nil, err
	}
	defer in.border.report(p.stderr, "Terraform")
	defer in.close() // after which nothing is missing in the report

	in.contact.tell(p.stderr, p.environ)
	var changes map[string]string
	if mirror.ConfigFile != "" {
		changes = mirror.Environment()
	}
	cfg := terraform.Config{
		Program: binary, Dir: r.dir, Root: r.root, Args: r.arguments,
		Env: own(in.contact.redirect(p.environ), changes),
		Variables: map[string]string{
			"exoscale_key": in.contact.Key, "exoscale_secret": in.contact.Secret,
		},
		KeepLock: len(mirror.Built) == 0, Kill: hurry.Done(),
	}
	if r.verbose {
		cfg.Output = p.stderr
	}
	folder, err := terraform.New(cfg)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	ability, reason := r.ability()
	lines := &narrator{to: p.stdout}
	fmt.Fprintf(p.stdout, "%s on a fake Exoscale with %s machines, in a copy with a state of its own\n\n", r.dir, r.machines)
	return acceptance.Run(ctx, hurry, acceptance.Config{
		Installer: folder, Cloud: in.cloud, Ability: ability, Reason: reason, Speed: r.speed,
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: in.dial},
		Report:    lines.report, Progress: lines.progress,
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

// patience turns signals into the end of contexts: the first one ends the
// checks, after which everything is destroyed, the second one that, too.
func (p program) patience(ctx context.Context) (checks, all context.Context, release func()) {
	all, hurry := context.WithCancel(ctx)
	checks, interrupt := context.WithCancel(all)
	go func() {
		select {
		case <-all.Done():
			return
		case <-p.signals:
		}
		fmt.Fprintln(p.stderr, "\nfakecloud rehearse: interrupted, destroying; once more to drop everything")
		interrupt()
		p.ignoreEchoes(all)
		select {
		case <-all.Done():
		case <-p.signals:
			hurry()
		}
	}()
	return checks, all, func() { interrupt(); hurry() }
}

// ignoreEchoes drops signals that come with another: some programs above this
// one pass on a Ctrl-C which it has got from the terminal, too.
func (p program) ignoreEchoes(ctx context.Context) {
	over := time.NewTimer(time.Second)
	defer over.Stop()
	for {
		select {
		case <-p.signals:
		case <-over.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// mirror returns what Terraform needs to find its providers: nothing where the
// registry answers, or the user has said where they are.
func (p program) mirror(ctx context.Context) (providers.Mirror, error) {
	if p.choosesProviders() {
		return providers.Mirror{}, nil
	}
	mirror, err := providers.Install(ctx, providers.Config{Log: newConsole(p.stderr, slog.LevelInfo)})
	switch {
	case err != nil:
		return mirror, fmt.Errorf("%w\n\nTerraform needs the provider registry. Without it, run this inside of exopool's repository "+
			"with Go installed, or name a CLI configuration file with a provider mirror in TF_CLI_CONFIG_FILE", err)
	case len(mirror.Built) == 0:
		return providers.Mirror{}, nil
	}
	return mirror, nil
}

// choosesProviders reports whether the user has a configuration file that says
// where providers come from.
func (p program) choosesProviders() bool {
	for _, assignment := range p.environ {
		name, value, _ := strings.Cut(assignment, "=")
		files := []string{value}
		switch name {
		case "TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG":
		case "HOME":
			files = []string{filepath.Join(value, ".terraformrc"), filepath.Join(value, ".tofurc")}
		default:
			continue
		}
		for _, file := range files {
			if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), "provider_installation") { //nolint:gosec // the user's own
				return true
			}
		}
	}
	return false
}

// own returns an environment without Terraform's settings of its user, such as
// a workspace or a data directory, and with changes.
func own(environ []string, changes map[string]string) []string {
	environ = slices.DeleteFunc(environ, func(assignment string) bool {
		name, _, _ := strings.Cut(assignment, "=")
		_, changed := changes[name]
		return changed || strings.HasPrefix(name, "TF_") && !strings.HasPrefix(name, "TF_VAR_") && name != "TF_CLI_CONFIG_FILE"
	})
	for name, value := range changes {
		environ = append(environ, name+"="+value)
	}
	return environ
}
