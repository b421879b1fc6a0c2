// Command fetch downloads the official description of the Exoscale API, which
// the tests of the emulator need, unless it is on this machine already.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/exopool/exopool/internal/openapi"
	"github.com/exopool/exopool/internal/progress"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "fetch the OpenAPI document:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	document, err := openapi.Official(".")
	if err != nil {
		return err
	}
	const limit = 30 * time.Second
	defer progress.New(os.Stderr, "fetch the OpenAPI document: ").Start("downloading", limit).End()
	return document.Fetch(ctx, &http.Client{Timeout: limit})
}
