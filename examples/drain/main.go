// Command drain takes a member of a pool out of service: it asks it to finish its
// work until no connection is left, and says how many there are. Health checks of
// the load balancer come from the given network.
//
//	go run ./examples/drain 192.0.2.7 198.51.100.0/28
package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"github.com/exopool/exopool/drain"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: drain MEMBER NETWORK, with the address of the one and from where health checks come")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2], 0, time.Second, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "drain:", err)
		os.Exit(1)
	}
}

// run asks the member in the given interval; port 0 is the default.
func run(ctx context.Context, member, network string, port int, every time.Duration, stdout io.Writer) error {
	checks, err := netip.ParsePrefix(network)
	if err != nil {
		return err
	}
	client, err := drain.New(drain.Config{
		Port: port,
		// In programs: what the provider says, such as exoscale.Client.HealthCheckSources.
		Checks: func(context.Context) ([]netip.Prefix, error) { return []netip.Prefix{checks}, nil },
	})
	if err != nil {
		return err
	}
	again := time.NewTicker(every)
	defer again.Stop()
	for {
		open, err := client.Drain(ctx, member) // Who ceases to ask leaves the member in service.
		if err != nil {
			return err
		}
		fmt.Fprintln(stdout, open, "connections")
		if open == 0 {
			fmt.Fprintln(stdout, "once the load balancer calls it unhealthy, it may go")
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-again.C:
		}
	}
}
