// Command write writes what is made of this repository, in whose root folder it
// has to run:
//
//	go run ./internal/handin/write source           # terraform/source.tar
//	go run ./internal/handin/write folder FOLDER    # the folder to hand in
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/exopool/exopool/internal/handin"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "hand in:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch {
	case len(args) == 1 && args[0] == "source":
		return handin.WriteArchive(ctx, ".")
	case len(args) == 2 && args[0] == "folder":
		return handin.Write(ctx, ".", args[1])
	}
	return errors.New("write what? Either source, or folder and its name")
}
