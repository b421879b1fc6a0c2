// Command demo shows the whole loop on one host: the pool grows when load comes
// and shrinks when it goes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/exopool/exopool/fake/machine/process/member"
)

func main() {
	if code, ok := member.Run(os.Args); ok {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
