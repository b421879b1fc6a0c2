package drain_test

import (
	"context"
	"fmt"

	"github.com/exopool/exopool/drain"
)

func ExampleClient() {
	ctx := context.Background()
	client, err := drain.New(drain.Config{Checks: checks("192.0.2.0/28")}) // exoscale.Client.HealthCheckSources in programs
	if err != nil {
		fmt.Println(err)
		return
	}
	// Once a turn, until the load balancer calls the member unhealthy and none is left.
	if open, err := client.Drain(ctx, "0.0.0.0"); err != nil {
		fmt.Println(err)
	} else {
		fmt.Println(open, "connections")
	}
	// Output:
	// drain 0.0.0.0: not the address of a member
}
