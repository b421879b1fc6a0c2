package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/exopool/exopool/cmd/demo/internal/scenario"
	"github.com/exopool/exopool/cmd/demo/internal/system"
	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/internal/rehearsal/grafanaserver"
)

// findGrafana finds the Grafana that the flags ask for. With auto it is no error
// that there is none: the built-in rules take its place, and the note says so.
func (cfg *config) findGrafana(ctx context.Context) (note string, err error) {
	if cfg.Grafana == grafanaOff {
		return "", nil
	}
	found, err := grafanaserver.Find(ctx, cfg.Grafana, cfg.GrafanaHome)
	if cfg.Grafana == grafanaserver.Auto && errors.Is(err, grafanaserver.ErrNotFound) {
		return "no Grafana found on this host: the built-in rules evaluate the alerts", nil
	}
	if err != nil {
		return "", err
	}
	cfg.System.Grafana = &found
	return "", nil
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout *os.File, stderr io.Writer) int {
	cfg, err := parse(args, getenv, stdout)
	if err != nil {
		return settings.WriteError(stderr, "demo", err)
	}
	note, err := cfg.findGrafana(ctx)
	if err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return settings.ExitUsage
	}
	if note != "" {
		fmt.Fprintln(stderr, "demo:", note)
	}
	if cfg.LogFile != "" {
		f, err := os.Create(cfg.LogFile)
		if err != nil {
			fmt.Fprintln(stderr, "demo: open the log:", err)
			return settings.ExitUsage
		}
		defer f.Close()
		cfg.System.Logger = slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	summary, err := show(ctx, cfg, getenv, stdout)
	return report(ctx, cfg, summary, err, view.DetectStyle(stdout, getenv), stdout, stderr)
}

// show runs the demo, shows it in the terminal, and leaves nothing running.
func show(ctx context.Context, cfg config, getenv func(string) string, stdout *os.File) (summary view.Summary, err error) {
	hub := view.NewHub()
	shown := make(chan error, 1)
	go func() { shown <- view.NewTerminal(stdout, getenv).Run(context.WithoutCancel(ctx), hub) }()
	defer func() {
		hub.Close()
		err = errors.Join(err, <-shown)
	}()

	sys, err := system.Start(ctx, cfg.System, hub)
	if err != nil {
		return summary, err
	}
	defer func() { err = errors.Join(err, sys.Close()) }()

	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		defer stop() // a part that fails ends the scenario, too
		ended <- sys.Run(running)
	}()
	sc := scenario.New(sys, scenarioConfig(cfg, sys.Times()))
	switch {
	case cfg.Interactive:
		err = sc.RunInteractive(running)
	case cfg.Hill:
		err = sc.RunHill(running)
	default:
		err = sc.Run(running)
	}
	summary = sc.Summary()
	stop()
	err = errors.Join(err, writeFile(cfg.Decisions, func(w io.Writer) error { return json.NewEncoder(w).Encode(sys.Decisions()) }))
	if failed := <-ended; failed != nil {
		return summary, failed
	}
	return summary, err
}

func scenarioConfig(cfg config, times system.Times) scenario.Config {
	return scenario.Config{
		Clients: cfg.System.Clients,
		Hold:    times.Turn,
		Timeout: 20 * times.Turn,
	}
}

// report prints and writes the summary; it returns the exit code.
func report(
	ctx context.Context, cfg config, summary view.Summary, err error, style view.Style, stdout, stderr io.Writer,
) int {
	interrupted := ctx.Err() != nil
	notJudged := cfg.Interactive && interrupted
	write := view.Summary.WriteTable
	switch {
	case notJudged:
		summary.Failures = []string{"not judged: the user drove the load"}
		write = view.Summary.WriteFigures
	case interrupted:
		summary.Judge("interrupted")
	case err != nil:
		summary.Judge(err.Error())
	default:
		summary.Judge()
	}
	if summary.StartSize == 0 { // it did not come that far
		fmt.Fprintln(stderr, "demo:", summary.Failures[0])
	} else if err := write(summary, stdout, style); err != nil {
		fmt.Fprintln(stderr, "demo:", err)
	}
	if err := writeFile(cfg.JSONFile, summary.WriteJSON); err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return settings.ExitFailure
	}
	if summary.Passed || notJudged {
		return settings.ExitOK
	}
	return settings.ExitFailure
}

// writeFile writes a file that the user may have asked for.
func writeFile(path string, write func(io.Writer) error) (err error) {
	if path == "" {
		return nil
	}
	f, err := os.Create(path) //nolint:gosec // the user names the file
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}
