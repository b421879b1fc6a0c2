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
	"runtime/debug"
	"syscall"

	"github.com/exopool/exopool/cmd/internal/command"
	"github.com/exopool/exopool/replay"
)

// rareCollection lets the garbage collector work less often: little memory is in
// use, and much is thrown away.
const rareCollection = 400

func main() {
	debug.SetGCPercent(rareCollection)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run carries out one command line and returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	set, cfg := declare(getenv)
	program := command.Command{
		Set: set, Short: "try ways to scale a pool on loads of the past",
		Run: func(ctx context.Context) error { return replayAll(ctx, *cfg, stdout, stderr) },
	}
	return program.Execute(ctx, args, stdout, stderr)
}

// replayAll replays all loads with all contenders, and writes the results.
func replayAll(ctx context.Context, cfg config, stdout, stderr io.Writer) error {
	if cfg.Decisions != "" {
		return decideAgain(cfg, stdout)
	}
	traces, err := cfg.readTraces(ctx)
	if err != nil {
		return err
	}
	// The progress has gone from the terminal when results are printed.
	compare := func(contenders []replay.Contender) ([]replay.Result, error) {
		progress, end := reportProgress(stderr)
		defer end()
		return replay.Compare(ctx, traces, cfg.Model, contenders, progress)
	}
	if cfg.Tune > 0 {
		return tune(cfg, compare, stdout)
	}
	results, err := compare(cfg.contenders())
	if err != nil {
		return err
	}
	r := report{cfg: cfg, results: results}
	if err := r.writeFiles(); err != nil {
		return err
	}
	return r.writeTable(stdout)
}
