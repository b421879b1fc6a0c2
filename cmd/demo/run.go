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

	"github.com/exopool/exopool/cmd/demo/internal/stage"
	"github.com/exopool/exopool/cmd/demo/internal/story"
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
	stage       stage.Config
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
		fmt.Fprint(stderr, `demo shows on one computer how the number of servers follows the load.

It brings up a fake Exoscale whose members are real processes behind a real
load balancer, Prometheus, alerts, discovery and the autoscaler; lets clients
ask for /load, and takes them away again. Exit code 0 means that the pool grew,
that the average CPU came back under the threshold, that no request was lost,
and that the pool shrank to its minimum.

Flags:
`)
		fs.PrintDefaults()
	}
	fs.Float64Var(&o.stage.Speed, "speed", 8, fmt.Sprintf("how much faster than real time, 1 to %d: shortens interval, windows and boot time together", stage.MaxSpeed))
	fs.BoolVar(&o.realTime, "real-time", false, "the real world of 60 s turns; the same as -speed 1, takes 8 to 12 minutes")
	fs.BoolVar(&o.interactive, "interactive", false, "keep running and let the web page drive the load, until Ctrl-C")
	fs.IntVar(&o.stage.Min, "min", 1, "size of the pool at the beginning and at the end")
	fs.IntVar(&o.stage.Max, "max", 5, "size that the pool never exceeds")
	fs.IntVar(&o.stage.Clients, "clients", 10, "parallel clients on /load")
	fs.DurationVar(&o.stage.Period, "period", 450*time.Millisecond, "least time between two requests of one client")
	fs.Float64Var(&o.stage.Share, "share", 0.5, "share of a CPU that each member has")
	fs.DurationVar(&o.stage.Work, "work", 50*time.Millisecond, "CPU time that one request needs")
	fs.DurationVar(&o.stage.BootAge, "boot-aware", 0, "leave members out of the average CPU while they are younger than this, at real speed, or were not healthy yet")
	fs.StringVar(&o.grafana, "grafana", grafanaOff, "who evaluates the alerts: auto for a Grafana of this computer, the `path` of one, or off for the built-in rules; with one, only the cloud follows -speed, and it takes 6 to 12 minutes")
	fs.StringVar(&o.grafanaHome, "grafana-home", "", "`folder` that has Grafana's conf in it, if that is not beside the program")
	fs.StringVar(&o.stage.Page, "page", "127.0.0.1:0", "loopback `address` of the web page; port 0 picks a free one")
	fs.StringVar(&o.jsonFile, "json", "", "write the summary as JSON to this `file`")
	fs.StringVar(&o.logFile, "log", "", "write the logs of all parts to this `file`")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: see demo -h", fs.Arg(0))
	}
	if o.grafanaHome != "" && o.grafana == grafanaOff {
		return o, errors.New("-grafana-home belongs to -grafana auto, or to -grafana and a path")
	}
	if o.realTime {
		o.stage.Speed = 1
	}
	return o, nil
}

// grafanaOff leaves the alerts to the built-in rules.
const grafanaOff = "off"

// findGrafana finds the Grafana that the flags ask for. With auto, none is no
// fault: the built-in rules take its place, and the note says so.
func (o *options) findGrafana(ctx context.Context) (note string, err error) {
	if o.grafana == grafanaOff {
		return "", nil
	}
	found, err := grafana.Find(ctx, o.grafana, o.grafanaHome)
	if o.grafana == grafana.Auto && errors.Is(err, grafana.ErrNotFound) {
		return "there is no Grafana on this computer: the built-in rules evaluate the alerts", nil
	}
	if err != nil {
		return "", err
	}
	o.stage.Grafana = &found
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
	if err := o.stage.Validate(); err != nil {
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
		o.stage.Log = slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	summary, err := show(ctx, o, getenv, stdout)
	return report(ctx, o, summary, err, view.DetectStyle(stdout, getenv), stdout, stderr)
}

// show plays the demo in front of the terminal, and leaves nothing running.
func show(ctx context.Context, o options, getenv func(string) string, stdout *os.File) (summary view.Summary, err error) {
	hub := view.NewHub()
	shown := make(chan error, 1)
	go func() { shown <- view.NewTerminal(stdout, getenv).Run(context.WithoutCancel(ctx), hub) }()
	defer func() {
		hub.Close()
		err = errors.Join(err, <-shown)
	}()

	s, err := stage.New(ctx, o.stage, hub)
	if err != nil {
		return summary, err
	}
	defer func() { err = errors.Join(err, s.Close(context.WithoutCancel(ctx))) }()

	playing, curtain := context.WithCancel(ctx)
	played := make(chan error, 1)
	go func() {
		defer curtain()
		played <- s.Run(playing)
	}()
	tale := story.New(s, script(o, s.Times()))
	if o.interactive {
		err = tale.Improvise(playing)
	} else {
		err = tale.Play(playing)
	}
	summary = tale.Summary()
	curtain()
	if failed := <-played; failed != nil {
		return summary, failed
	}
	return summary, err
}

func script(o options, times stage.Times) story.Script {
	return story.Script{
		Clients:  o.stage.Clients,
		Hold:     times.Turn,
		Patience: 20 * times.Turn,
	}
}

// report prints and writes the summary; it returns the exit code.
func report(
	ctx context.Context, o options, summary view.Summary, err error, style view.Style, stdout, stderr io.Writer,
) int {
	interrupted := ctx.Err() != nil
	byHand := o.interactive && interrupted
	write := view.Summary.WriteTable
	switch {
	case byHand:
		// The story was somebody else's: there is nothing to judge.
		summary.Failures = []string{"not judged: a person drove the load"}
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
	if summary.Passed || byHand {
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
