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
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT}
	if !signal.Ignored(syscall.SIGHUP) { // as with nohup
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	code := run(ctx, os.Args[1:], os.Getenv, console{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}
