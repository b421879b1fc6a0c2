package member

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/exopool/exopool/fake/loadgen"
	"github.com/exopool/exopool/fake/machine/process"
)

// lameDuck is how long a member that was asked to end still accepts: for
// connections that were on their way, and for clients to see that it closes.
const lameDuck = 250 * time.Millisecond

// errOrphaned ends a member whose parent is gone.
var errOrphaned = errors.New("the parent is gone")

// Run is the whole life of a member process when args, as in os.Args, say that
// this is one; it returns the exit code. Otherwise it returns false at once.
func Run(args []string) (code int, ok bool) {
	if len(args) < 2 || args[1] != process.MemberArgument {
		return 0, false
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := run(ctx, os.Stdin, logger); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	return 0, true
}

// run serves until ctx ends or the input does.
func run(ctx context.Context, input io.Reader, logger *slog.Logger) error {
	var s process.MemberSettings
	if err := json.NewDecoder(input).Decode(&s); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() {
		_, _ = io.Copy(io.Discard, input) // any end of the input is the end
		end(errOrphaned)
	}()
	defer remove(ctx, s.Dir, logger)
	return serve(ctx, s, logger)
}

func serve(ctx context.Context, s process.MemberSettings, logger *slog.Logger) error {
	cpu, err := loadgen.NewVirtualCPU(s.Share, s.Work)
	if err != nil {
		return err
	}
	procfs, sysfs, err := makeDirs(s.Dir)
	if err != nil {
		return err
	}
	stat, err := loadgen.NewStatFile(procfs, cpu.Busy, logger)
	if err != nil {
		return err
	}
	exporter, err := newExporter(procfs, sysfs, logger)
	if err != nil {
		return err
	}
	drainer, application := newDrainer(loadgen.NewHandler(waitingCPU{cpu, s.Wait}))
	servers, err := listen(ctx, map[int]*http.Server{
		s.LoadPort:     application,
		s.ExporterPort: {Handler: exporter, ReadHeaderTimeout: headerTimeout},
		s.DrainPort:    {Handler: drainer, ReadHeaderTimeout: headerTimeout},
	}, s.Address)
	if err != nil {
		return err
	}
	statCtx, stopStat := context.WithCancel(context.WithoutCancel(ctx))
	statDone := make(chan struct{})
	go func() { defer close(statDone); stat.Run(statCtx) }()
	defer func() { stopStat(); <-statDone }()

	<-ctx.Done()
	if errors.Is(context.Cause(ctx), errOrphaned) {
		return servers.close()
	}
	drainer.end(min(idleTimeout, s.Grace/2))
	return servers.shutdown(ctx, s.Grace)
}

// makeDirs makes a procfs, to be filled, and a sysfs that shows one CPU. With
// the host's own sysfs the exporter would report the host's CPUs as the member's.
func makeDirs(dir string) (procfs, sysfs string, err error) {
	procfs, sysfs = filepath.Join(dir, "proc"), filepath.Join(dir, "sys")
	for _, d := range []string{procfs, filepath.Join(sysfs, "devices", "system", "cpu", "cpu0")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return "", "", fmt.Errorf("make member directory: %w", err)
		}
	}
	return procfs, sysfs, nil
}

// remove takes the member's directory away, and an orphan that is the last one
// its parent's too.
func remove(ctx context.Context, dir string, logger *slog.Logger) {
	if err := os.RemoveAll(dir); err != nil {
		logger.Error("member directory not removed", "err", err)
	}
	if errors.Is(context.Cause(ctx), errOrphaned) {
		_ = os.Remove(filepath.Dir(dir)) // refused while others are in it
	}
}
