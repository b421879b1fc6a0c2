// Command install builds Terraform's providers on hosts that cannot reach the
// Terraform registry, and prints the path of the configuration file to use:
//
//	export TF_CLI_CONFIG_FILE=$(go run ./internal/providers/install)
//
// EXOPOOL_PROVIDER may name a provider of another version that was built
// elsewhere. It logs progress, and which providers run, to standard error.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/exopool/exopool/internal/progress"
	"github.com/exopool/exopool/internal/providers"
)

func main() {
	if err := run(os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "install providers:", err)
		os.Exit(1)
	}
}

func run(stdout, stderr io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	screen := progress.New(stderr, "install providers: ")
	mirror, err := providers.Install(ctx, providers.Config{
		Program: os.Getenv(providers.Variable),
		Logger:  slog.New(slog.NewTextHandler(screen.Writer(stderr), nil)),
		Waiting: func(what string) func() { return screen.Start(what, 0).End },
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, mirror.ConfigFile)
	return err
}
