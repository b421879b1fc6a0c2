// Command write writes files that are made from this repository, in whose root
// folder it has to run:
//
//	go run ./internal/handin/write source    # terraform/source.tar
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/exopool/exopool/internal/handin"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "write:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(args) == 1 && args[0] == "source" {
		return handin.WriteArchive(ctx, ".")
	}
	return fmt.Errorf("usage: go run ./internal/handin/write source")
}
