package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/cmd/internal/settings"
)

// addGuards declares what keeps the size calm.
func addGuards(set *settings.Set, cfg *config) {
	into := &cfg.Loop.Guards
	while := settings.Duration(0, autoscale.MaxGuard)
	settings.Add(set, &into.UpStabilization, settings.Spec{
		Flag: "up-stabilization", Env: "AUTOSCALER_UP_STABILIZATION", Default: "not at all",
		Help: "the pool grows only as far as was wanted for so long",
	}, while)
	down := settings.Add(set, &into.DownStabilization, settings.Spec{
		Flag: "down-stabilization", Env: "AUTOSCALER_DOWN_STABILIZATION", Default: "5m with -policy target, else not at all",
		Help: "the pool shrinks only as far as was wanted for so long",
	}, while)
	settings.Add(set, &into.UpCooldown, settings.Spec{
		Flag: "up-cooldown", Env: "AUTOSCALER_UP_COOLDOWN", Default: "not at all",
		Help: "how long after growth the pool does not grow again",
	}, while)
	settings.Add(set, &into.DownCooldown, settings.Spec{
		Flag: "down-cooldown", Env: "AUTOSCALER_DOWN_COOLDOWN", Default: "not at all",
		Help: "how long after a change of its size the pool does not shrink",
	}, while)
	set.Check(func() {
		if cfg.Policy.Name == policyTarget && !down.Given() {
			into.DownStabilization = hpaStabilization
		}
	}, down)
	settings.Add(set, &into.UpRate, settings.Spec{
		Flag: "up-rate", Env: "AUTOSCALER_UP_RATE", Help: "how many members may come in a while, such as 4/10m", Default: "no limit",
	}, rate())
	settings.Add(set, &into.DownRate, settings.Spec{
		Flag: "down-rate", Env: "AUTOSCALER_DOWN_RATE", Help: "how many members may go in a while, such as 2/10m", Default: "no limit",
	}, rate())
	settings.Add(set, &into.Reversals, settings.Spec{
		Flag: "reversals-per-hour", Env: "AUTOSCALER_REVERSALS_PER_HOUR", Default: "no limit",
		Help: "how often in an hour the size may begin to go the other way; then it only grows",
	}, settings.Int(0, autoscale.MaxSize))
}

// rate is a number of members in a while.
func rate() settings.Kind[autoscale.Rate] {
	return settings.Kind[autoscale.Rate]{
		Parse: func(text string) (autoscale.Rate, error) {
			members, per, found := strings.Cut(text, "/")
			n, err := strconv.Atoi(members)
			if !found || err != nil || n < 1 || n > autoscale.MaxSize {
				return autoscale.Rate{}, settings.ErrMalformed
			}
			d, err := time.ParseDuration(per)
			if err != nil || d <= 0 || d > autoscale.MaxGuard {
				return autoscale.Rate{}, settings.ErrMalformed
			}
			return autoscale.Rate{Members: n, Per: d}, nil
		},
		Format: func(r autoscale.Rate) string { return fmt.Sprintf("%d/%s", r.Members, r.Per) },
		Arg:    "MEMBERS/TIME",
		Range:  fmt.Sprintf("1 to %d members in up to 24h", autoscale.MaxSize),
		Remedy: "give members and a time, such as 4/10m",
	}
}
