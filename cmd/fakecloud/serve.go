package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/exopool/exopool/cmd/internal/command"
)

// serve answers until a signal comes.
func (p program) serve() *command.Command {
	cfg := &config{Machines: machinesMemory, LogInfo: true, KeepChanges: true}
	set := p.newSet("serve", "fakecloud serve answers the Exoscale API on this host until it is interrupted.")
	addListen(set, &cfg.Listen)
	addCloud(set, cfg, "")
	addState(set, &cfg.State)
	addPools(set, &cfg.Pools)
	set.ExitCodes = "0 after TERM or INT, 1 on a failure, 2 when a setting is wrong."
	return &command.Command{
		Set: set, Short: "serve the API until interrupted",
		Run: func(ctx context.Context) error { return p.serveCloud(ctx, *cfg) },
	}
}

func (p program) serveCloud(ctx context.Context, cfg config) error {
	if err := p.openState(&cfg); err != nil {
		return err
	}
	defer cfg.state.close()
	cloud, err := p.start(ctx, cfg)
	if err != nil {
		return err
	}
	defer reportBill(p.stderr, cloud)
	defer p.close(cloud)
	connection := cloud.Connection()
	unregister, err := p.register(connection)
	if err != nil {
		fmt.Fprintf(p.stderr, "fakecloud serve: the commands env, faults and calls will not find this instance: %v\n", err)
	} else {
		defer unregister()
	}
	fmt.Fprintf(p.stdout, `%s
# The fake cloud answers on %s, with %s machines.
# In a browser:   %s
# Through the proxy it also answers for all hosts of Exoscale.
# Other shells:   eval "$(fakecloud env)"
# One command:    fakecloud exec -- COMMAND   (with a new instance)
# Make it fail:   fakecloud faults add too-many-requests -count 3
# Stop with Ctrl-C; %s.
`, connection.ShellCommands(p.environ), connection.URL, cfg.Machines, connection.Console, whatStays(cfg.State))
	ctx, stop := p.untilSignal(ctx)
	defer stop()
	if err := createPools(ctx, cloud, cfg.Pools, p.stdout); err != nil && ctx.Err() == nil {
		return err
	}
	return cloud.Wait(ctx)
}

// whatStays says what is there after the end of an instance with a state file, or
// none.
func whatStays(state string) string {
	if state == "" {
		return "nothing stays behind"
	}
	return strconv.Quote(state) + " keeps the state for the next start"
}

// untilSignal returns a context that ends with the next signal.
func (p program) untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		select {
		case <-p.signals:
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
