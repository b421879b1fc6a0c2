// Command sweep lists what an installation has left in an account. It deletes
// nothing.
//
//	eval "$(fakecloud env)" # or EXOSCALE_API_KEY, EXOSCALE_API_SECRET and EXOSCALE_ZONE of an account
//	go run ./examples/sweep exopool
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/sweep"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: sweep NAME")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Getenv, os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sweep:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, getenv func(string) string, name string, stdout io.Writer) error {
	cfg := exoscale.DefaultConfig()
	cfg.Key, cfg.Secret = getenv("EXOSCALE_API_KEY"), getenv("EXOSCALE_API_SECRET")
	cfg.Zone, cfg.Endpoint = getenv("EXOSCALE_ZONE"), getenv("EXOSCALE_API_ENDPOINT")
	cfg.ReadOnly = true
	client, err := exoscale.New(cfg)
	if err != nil {
		return err
	}
	sweeper := sweep.Sweeper{Account: client.Account(), Name: name, Zone: cfg.Zone}
	left, err := sweeper.Find(ctx)
	if err != nil {
		return err
	}
	for _, resource := range left {
		fmt.Fprintln(stdout, resource)
	}
	return nil
}
