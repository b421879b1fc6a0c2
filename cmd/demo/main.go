// Command demo shows the main job on one computer: load comes and the pool
// grows, load goes and the pool shrinks.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/exopool/exopool/fake/machine/member"
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
