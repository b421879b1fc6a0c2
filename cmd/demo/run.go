package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/exopool/exopool/cmd/demo/internal/keys"
	"github.com/exopool/exopool/cmd/demo/internal/scenario"
	"github.com/exopool/exopool/cmd/demo/internal/system"
	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/cmd/internal/command"
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

// The files of a console.
type console struct {
	in, out *os.File
	err     io.Writer
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, std console) int {
	set, cfg := declare(getenv)
	program := command.Command{
		Set: set, Short: "show on one host how the number of servers follows the load",
		Run: func(ctx context.Context) error { return command.Exit(runDemo(ctx, *cfg, getenv, std)) },
	}
	return program.Execute(ctx, args, std.out, std.err)
}

// runDemo shows what the settings ask for; it returns the exit code.
func runDemo(ctx context.Context, cfg config, getenv func(string) string, std console) int {
	note, err := cfg.findGrafana(ctx)
	if err != nil {
		fmt.Fprintln(std.err, "demo:", err)
		return command.ExitUsage
	}
	if note != "" {
		fmt.Fprintln(std.err, "demo:", note)
	}
	if cfg.LogFile != "" {
		f, err := os.Create(cfg.LogFile)
		if err != nil {
			fmt.Fprintln(std.err, "demo: open the log:", err)
			return command.ExitUsage
		}
		defer f.Close()
		cfg.System.Logger = slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	summary, err := show(ctx, quit, cfg, getenv, std)
	return report(ctx, cfg, summary, err, view.DetectStyle(std.out, getenv), std)
}

// show runs the demo, shows it in the terminal, and leaves nothing running. A
// key calls quit.
func show(ctx context.Context, quit func(), cfg config, getenv func(string) string, std console) (summary view.Summary, err error) {
	hub := view.NewHub()
	terminal := view.NewTerminal(std.out, getenv)
	withKeys := keys.Supported(std.in)
	if withKeys {
		terminal.Help = keysHelp
	}
	shown := make(chan error, 1)
	go func() { shown <- terminal.Run(context.WithoutCancel(ctx), hub) }()
	defer func() {
		hub.Close()
		err = errors.Join(err, <-shown)
	}()

	sys, err := system.Start(ctx, cfg.System, hub)
	if err != nil {
		return summary, err
	}
	defer func() { err = errors.Join(err, sys.Close()) }()

	// The parts outlive ctx for a moment, so that the page hears of the end.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	playing, leave := context.WithCancel(ctx)
	defer leave()
	ended := make(chan error, 1)
	go func() {
		defer leave() // a part that fails ends the scenario, too
		ended <- sys.Run(running)
	}()
	if withKeys {
		read := make(chan error, 1)
		go func() { read <- readKeys(playing, std.in, sys, quit) }()
		defer func() {
			leave()
			err = errors.Join(err, <-read)
		}()
	}
	if withKeys && terminal.Size == nil { // a log has no line for help
		sys.Say(view.Event{Kind: view.KindNote, Text: keysHelp})
	}
	sc := scenario.New(sys, scenarioConfig(cfg, sys.Times()))
	switch {
	case cfg.System.Interactive:
		err = sc.RunInteractive(playing)
	case cfg.Hill:
		err = sc.RunHill(playing)
	default:
		err = sc.Run(playing)
	}
	summary = sc.Summary()
	sys.Say(farewell(ctx, err))
	stop()
	err = errors.Join(err, writeFile(cfg.Decisions, func(w io.Writer) error { return json.NewEncoder(w).Encode(sys.Decisions()) }))
	if failed := <-ended; failed != nil {
		return summary, failed
	}
	return summary, err
}

// farewell returns the last event, which says why the demo ends.
func farewell(ctx context.Context, err error) view.Event {
	e := view.Event{Kind: view.KindNote, Text: "the demo has ended"}
	switch {
	case ctx.Err() != nil:
		e.Text = "the demo was stopped"
	case err != nil:
		e.Severity, e.Text = view.Bad, "the demo has ended: "+err.Error()
	}
	return e
}

func scenarioConfig(cfg config, times system.Times) scenario.Config {
	return scenario.Config{
		Clients: cfg.System.Clients,
		Hold:    times.Turn,
		Timeout: 20 * times.Turn,
	}
}

// report prints and writes the summary; it returns the exit code.
func report(ctx context.Context, cfg config, summary view.Summary, err error, style view.Style, std console) int {
	notJudged := summary.ByHand && err == nil
	write := view.Summary.WriteTable
	switch {
	case notJudged:
		write = view.Summary.WriteFigures
	case ctx.Err() != nil:
		summary.Judge("interrupted")
	case err != nil:
		summary.Judge(err.Error())
	default:
		summary.Judge()
	}
	switch {
	case summary.StartSize > 0:
		if err := write(summary, std.out, style); err != nil {
			fmt.Fprintln(std.err, "demo:", err)
		}
	case notJudged: // stopped before it had begun
	default:
		fmt.Fprintln(std.err, "demo:", summary.Failures[0])
	}
	if err := writeFile(cfg.JSONFile, summary.WriteJSON); err != nil {
		fmt.Fprintln(std.err, "demo:", err)
		return command.ExitFailure
	}
	if notJudged || *summary.Passed {
		return command.ExitOK
	}
	return command.ExitFailure
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
