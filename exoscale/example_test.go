package exoscale_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/exopool/exopool/autoscale"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake/exoapi"
)

func ExampleClient() {
	cloud, err := exoapi.New(exoapi.Config{}) // takes Exoscale's place
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cloud.Close()
	cfg := exoscale.Config{
		Zone:      "at-vie-1",
		Endpoint:  "http://127.0.0.1:8929/v2",
		Transport: cloud.Transport(),
		Remedies:  exoscale.Remedies{PoolNotFound: "check POOL_ID"},
	}
	cfg.Key, cfg.Secret = cloud.Credential()
	client, err := exoscale.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}

	pool := client.Pool("c19542b7-d269-4bd4-bf7c-2cae36d066d3")
	_, err = pool.Status(context.Background())
	switch {
	case errors.Is(err, autoscale.ErrPoolNotFound):
		fmt.Println("no pool:", err)
	case errors.Is(err, exoscale.ErrUnauthorized), errors.Is(err, exoscale.ErrUnreachable):
		fmt.Println("no access:", err)
	}
	// Output:
	// no pool: instance pool not found in zone at-vie-1: check POOL_ID
}
