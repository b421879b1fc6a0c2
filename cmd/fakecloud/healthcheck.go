package main

import (
	"context"

	"github.com/exopool/exopool/cmd/internal/command"
)

// healthcheck reports by the exit code whether the running instance answers.
func (p program) healthcheck() *command.Command {
	set := p.newSet("healthcheck", "fakecloud healthcheck exits with 0 if the running instance answers. Containers check themselves with it.")
	instance := p.addInstance(set)
	return &command.Command{Set: set, Short: "exit with 0 if the running cloud answers, for containers", Run: func(ctx context.Context) error {
		_, err := instance.find(ctx)
		return err
	}}
}
