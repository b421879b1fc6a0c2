// Command exoscale prints the size and the members of an instance pool. It changes
// nothing.
//
//	eval "$(fakecloud env)" # or EXOSCALE_API_KEY, EXOSCALE_API_SECRET and EXOSCALE_ZONE of an account
//	EXOSCALE_INSTANCEPOOL_ID=web go run ./examples/exoscale
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/exopool/exopool/exoscale"
)

func main() {
	if err := run(context.Background(), os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "exoscale:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	cfg := exoscale.DefaultConfig()
	cfg.Key, cfg.Secret = getenv("EXOSCALE_API_KEY"), getenv("EXOSCALE_API_SECRET")
	cfg.Zone, cfg.Endpoint = getenv("EXOSCALE_ZONE"), getenv("EXOSCALE_API_ENDPOINT")
	cfg.ReadOnly = true
	client, err := exoscale.New(cfg)
	if err != nil {
		return err
	}
	id, err := client.ResolvePool(ctx, getenv("EXOSCALE_INSTANCEPOOL_ID"))
	if err != nil {
		return err
	}
	status, err := client.Pool(id).Status(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "size %d, %s\n", status.Size, status.State)
	for _, member := range status.Members {
		fmt.Fprintf(stdout, "%s %s\n", member.Name, member.State)
	}
	return nil
}
