// Command write writes the scoreboard of this repository, in whose root folder it has
// to run. A folder with traces may be named, which need not exist:
//
//	go run ./internal/scoreboard/write ../shared/traces
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/exopool/exopool/internal/progress"
	"github.com/exopool/exopool/internal/scoreboard"
)

func main() {
	debug.SetGCPercent(400) // little memory is in use, and much is thrown away
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "scoreboard:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	folder := ""
	switch len(args) {
	case 0:
	case 1:
		folder = args[0]
	default:
		return fmt.Errorf("one folder with traces at most, not %d", len(args))
	}
	wait := progress.New(os.Stderr, "scoreboard: ").Start("replaying recorded loads", 0)
	defer wait.End()
	return scoreboard.Write(ctx, ".", folder, func(share float64) { wait.See(fmt.Sprintf("%.0f %%", 100*share)) })
}
