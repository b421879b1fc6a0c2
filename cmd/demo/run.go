package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/exopool/exopool/cmd/demo/internal/scenario"
	"github.com/exopool/exopool/cmd/demo/internal/system"
	"github.com/exopool/exopool/cmd/demo/internal/view"
	"github.com/exopool/exopool/internal/rehearsal/grafana"
)

// The exit codes.
const (
	exitOK     = 0 // the pool followed the load
	exitFailed = 1 // it did not, or a part failed
	exitUsage  = 2 // the flags are wrong
)

type options struct {
	system      system.Config
	realTime    bool
	interactive bool
	jsonFile    string
	logFile     string
	grafana     string
	grafanaHome string
}

func parse(args []string, stderr io.Writer) (options, error) {
	o := options{}
	fs := flag.NewFlagSet("demo", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprint(stderr, `demo shows on one host how the number of servers follows the load.

It starts a fake Exoscale whose members are real processes behind a real load
balancer, Prometheus, alerts, discovery and the autoscaler. Clients send
requests for /load for a while. Exit code 0 means that the pool grew, that the
average CPU came back under the threshold, that no request was lost, and that
the pool shrank to its minimum size.

Flags:
`)
		fs.PrintDefaults()
	}
	fs.Float64Var(&o.system.Speed, "speed", 8, fmt.Sprintf("how much faster than real time, 1 to %d: shortens intervals, windows and boot times together", system.MaxSpeed))
	fs.BoolVar(&o.realTime, "real-time", false, "turns of 60 s as in a real installation: the same as -speed 1, takes 8 to 12 minutes")
	fs.BoolVar(&o.interactive, "interactive", false, "keep running until Ctrl-C; the web page controls the load")
	fs.IntVar(&o.system.Min, "min", 1, "minimum size of the pool, with which it starts")
	fs.IntVar(&o.system.Max, "max", 5, "maximum size of the pool")
	fs.IntVar(&o.system.Clients, "clients", 10, "how many clients send requests for /load in parallel")
	fs.DurationVar(&o.system.Period, "period", 450*time.Millisecond, "minimum time between two requests of one client")
	fs.Float64Var(&o.system.Share, "share", 0.5, "share of one CPU that each member has")
	fs.DurationVar(&o.system.Work, "work", 50*time.Millisecond, "CPU time that one request takes")
	fs.DurationVar(&o.system.BootAge, "boot-aware", 0, "leave members out of the average CPU until they were healthy once and are older than this (at real speed)")
	fs.StringVar(&o.grafana, "grafana", grafanaOff, "what evaluates the alerts: auto for an installed Grafana, the `path` of one, or off for the built-in rules; with a Grafana, only the cloud follows -speed, and the demo takes 6 to 12 minutes")
	fs.StringVar(&o.grafanaHome, "grafana-home", "", "`folder` with Grafana's conf, if that is not beside the program")
	fs.StringVar(&o.system.Page, "page", "127.0.0.1:0", "loopback `address` of the web page; port 0 picks a free one")
	fs.StringVar(&o.jsonFile, "json", "", "write the summary as JSON to this `file`")
	fs.StringVar(&o.logFile, "log", "", "write the logs of all parts to this `file`")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: see demo -h", fs.Arg(0))
	}
	if o.grafanaHome != "" && o.grafana == grafanaOff {
		return o, errors.New("-grafana-home needs -grafana auto or -grafana PATH")
	}
	if o.realTime {
		o.system.Speed = 1
	}
	return o, nil
}

// grafanaOff leaves the alerts to the built-in rules.
const grafanaOff = "off"

// findGrafana finds the Grafana that the flags ask for. With auto it is no error
// that there is none: the built-in rules take its place, and the note says so.
func (o *options) findGrafana(ctx context.Context) (note string, err error) {
	if o.grafana == grafanaOff {
		return "", nil
	}
	found, err := grafana.Find(ctx, o.grafana, o.grafanaHome)
	if o.grafana == grafana.Auto && errors.Is(err, grafana.ErrNotFound) {
		return "no Grafana found on this host: the built-in rules evaluate the alerts", nil
	}
	if err != nil {
		return "", err
	}
	o.system.Grafana = &found
	return "", nil
}

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout *os.File, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintln(stderr, "demo:", err)
		return exitUsage
	}
	if err := o.system.Validate(); err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return exitUsage
	}
	note, err := o.findGrafana(ctx)
	if err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return exitUsage
	}
	if note != "" {
		fmt.Fprintln(stderr, "demo:", note)
	}
	if o.logFile != "" {
		f, err := os.Create(o.logFile)
		if err != nil {
			fmt.Fprintln(stderr, "demo: open the log:", err)
			return exitUsage
		}
		defer f.Close()
		o.system.Logger = slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	summary, err := show(ctx, o, getenv, stdout)
	return report(ctx, o, summary, err, view.DetectStyle(stdout, getenv), stdout, stderr)
}

// show runs the demo, shows it in the terminal, and leaves nothing running.
func show(ctx context.Context, o options, getenv func(string) string, stdout *os.File) (summary view.Summary, err error) {
	hub := view.NewHub()
	shown := make(chan error, 1)
	go func() { shown <- view.NewTerminal(stdout, getenv).Run(context.WithoutCancel(ctx), hub) }()
	defer func() {
		hub.Close()
		err = errors.Join(err, <-shown)
	}()

	sys, err := system.Start(ctx, o.system, hub)
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
	sc := scenario.New(sys, scenarioConfig(o, sys.Times()))
	if o.interactive {
		err = sc.RunInteractive(running)
	} else {
		err = sc.Run(running)
	}
	summary = sc.Summary()
	stop()
	if failed := <-ended; failed != nil {
		return summary, failed
	}
	return summary, err
}

func scenarioConfig(o options, times system.Times) scenario.Config {
	return scenario.Config{
		Clients: o.system.Clients,
		Hold:    times.Turn,
		Timeout: 20 * times.Turn,
	}
}

// report prints and writes the summary; it returns the exit code.
func report(
	ctx context.Context, o options, summary view.Summary, err error, style view.Style, stdout, stderr io.Writer,
) int {
	interrupted := ctx.Err() != nil
	notJudged := o.interactive && interrupted
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
	if err := writeSummary(o.jsonFile, summary); err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return exitFailed
	}
	if summary.Passed || notJudged {
		return exitOK
	}
	return exitFailed
}

func writeSummary(path string, summary view.Summary) (err error) {
	if path == "" {
		return nil
	}
	f, err := os.Create(path) //nolint:gosec // the user names the file
	if err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return summary.WriteJSON(f)
}
