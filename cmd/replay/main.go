// Replay tries ways to scale a pool on loads of the past, and prints how well each
// has followed them. Run it with -h for its settings.
//
//	replay                                  the loads that come with it
//	replay -trace load.csv -policies step   another load, and one way to scale
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/exopool/exopool/cmd/internal/settings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run carries out one command line and returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	cfg, err := parse(args, getenv, stdout)
	if err == nil {
		err = replayAll(ctx, cfg, stdout, stderr)
	}
	return settings.WriteError(stderr, "replay", err)
}

// replayAll replays all loads with all contenders, and writes the results.
func replayAll(ctx context.Context, cfg config, stdout, stderr io.Writer) error {
	traces, err := cfg.readTraces()
	if err != nil {
		return err
	}
	results, err := play(ctx, cfg, traces, newProgress(stderr))
	if err != nil {
		return err
	}
	r := report{cfg: cfg, results: results}
	if err := r.writeFiles(); err != nil {
		return err
	}
	return r.writeTable(stdout)
}
