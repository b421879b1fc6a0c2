package main

import (
	"time"

	"github.com/exopool/exopool/cmd/internal/account"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/sweep"
)

// A config is what the program works with.
type config struct {
	settings.Redacted

	API      exoscale.Config
	Sweeper  sweep.Sweeper
	States   []string // paths of Terraform states, "-" for the standard input
	Delete   bool     // instead of listing only
	All      bool     // the state, if there is one, need not be the current one
	Yes      bool     // do not ask
	Timeout  time.Duration
	Warnings []string // about questionable settings
}

// declare returns the settings, and what reading them fills.
func declare(getenv func(string) string) (*settings.Set, *config) {
	cfg := &config{Timeout: 20 * time.Minute}
	set := settings.New("sweep", "sweep lists, and with -delete deletes, what an interrupted Terraform apply has left in an Exoscale account:\n"+
		"everything that has a name which the module gives in the installation NAME, such as NAME-monitoring, and is\n"+
		"not in Terraform's state.", getenv)
	set.ExitCodes = "0 when nothing is left, 1 on a failure, 2 when a setting is wrong, 3 when something is left and -delete was not given."
	account.Add(set, &cfg.API)
	settings.Add(set, &cfg.Sweeper.Name, settings.Spec{
		Flag: "name", Env: "SWEEP_NAME", Help: "name of the installation: the module's variable name", Required: true,
		Remedy: "give the name, such as exopool",
	}, settings.Text("NAME", sweep.CheckName))
	states := settings.Add(set, &cfg.States, settings.Spec{
		Flag: "state", Env: "SWEEP_STATE", Default: "nothing is kept", Remedy: "give the path of terraform.tfstate",
		Help: "Terraform state whose resources are kept, - for the standard input; several are separated by commas",
	}, settings.List(settings.File()))
	// No variable sets these: what they do must be meant.
	settings.Add(set, &cfg.Delete, settings.Spec{
		Flag: "delete", Help: "delete what is listed; on a terminal, ask before",
	}, settings.Bool())
	settings.Add(set, &cfg.All, settings.Spec{
		Flag: "all",
		Help: "also delete when there is no state, or when it is empty, old or of something else: the whole installation goes, running or not",
	}, settings.Bool())
	settings.Add(set, &cfg.Yes, settings.Spec{Flag: "yes", Help: "do not ask before deleting"}, settings.Bool())
	settings.Add(set, &cfg.Timeout, settings.Spec{
		Flag: "timeout", Env: "SWEEP_TIMEOUT", Help: "longest duration of the whole run",
	}, settings.Duration(time.Second, 24*time.Hour))
	account.AddPollInterval(set, &cfg.API, "SWEEP_POLL", "a deletion that is under way")
	set.Check(func() {
		if cfg.Delete && !cfg.All && len(cfg.States) == 0 {
			set.Wrong("flag -delete", "was given without a state, so that it would delete what Terraform manages, too",
				"name the state with -state, or add -all to delete everything")
		}
	}, states)
	set.Check(func() {
		cfg.API.OperationTimeout, cfg.API.ReadOnly = cfg.Timeout, !cfg.Delete
		cfg.Sweeper.Zone, cfg.Sweeper.PollInterval = cfg.API.Zone, cfg.API.PollInterval
	})
	return set, cfg
}
