package main

import "context"

// healthcheck reports by the exit code whether the running instance answers.
func (p program) healthcheck(ctx context.Context, args []string) (int, error) {
	_, err := p.running(ctx, p.newSet("healthcheck", "fakecloud healthcheck exits with 0 if the running instance answers. Containers check themselves with it."), args)
	return exitOK, err
}
