// Command fakecloud starts a cloud, makes a pool in it, breaks it, and counts the
// calls.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "fakecloud:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	cloud, err := fakecloud.Start(ctx, fakecloud.Config{Instant: true})
	if err != nil {
		return err
	}
	defer func() { _ = cloud.Close() }()
	if _, err := cloud.CreatePool(ctx, fakecloud.Pool{Name: "web", Size: 2}); err != nil {
		return err
	}
	for _, pool := range cloud.API().Pools() {
		fmt.Println(pool.Name, pool.State, len(pool.Members))
	}
	if _, err := cloud.API().Faults().Add(exoapi.Fault{Name: exoapi.FaultQuotaReached, Operation: "create-instance-pool"}); err != nil {
		return err
	}
	_, err = cloud.CreatePool(ctx, fakecloud.Pool{Name: "shop", Size: 1})
	fmt.Println("refused:", err != nil)
	fmt.Println("calls:", cloud.API().Calls().ByOperation["create-instance-pool"])
	return nil
}
