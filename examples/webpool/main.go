// Command webpool makes a pool of one member behind a load balancer, with the
// vendor's own client, and prints the address of the load balancer. It listens on
// port 8000, as only root may open port 80 of a host. The members are to serve
// HTTP on port 8080, and answer /health.
//
//	eval "$(fakecloud env)"
//	go run ./examples/webpool
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	egoscale "github.com/exoscale/egoscale/v3"
	"github.com/exoscale/egoscale/v3/credentials"
)

// port is the one on which the load balancer listens.
const port = 8000

func main() {
	endpoint := os.Getenv("EXOSCALE_API_ENDPOINT")
	if !strings.HasPrefix(endpoint, "http://127.0.0.1:") {
		fmt.Fprintln(os.Stderr, `webpool: this makes machines that cost money in a real account: point it at a fake one with eval "$(fakecloud env)"`)
		os.Exit(2)
	}
	client, err := egoscale.NewClient(credentials.NewEnvCredentials(), egoscale.ClientOptWithEndpoint(egoscale.Endpoint(endpoint)))
	if err == nil {
		err = run(context.Background(), client, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "webpool:", err)
		os.Exit(1)
	}
}

// run makes what the command is for.
func run(ctx context.Context, client *egoscale.Client, stdout io.Writer) error {
	pool, err := createPool(ctx, client)
	if err != nil {
		return fmt.Errorf("create the pool: %w", err)
	}
	address, err := createLoadBalancer(ctx, client, pool)
	if err != nil {
		return fmt.Errorf("create the load balancer: %w", err)
	}
	fmt.Fprintf(stdout, "http://%s:%d\n", address, port)
	return nil
}

func createPool(ctx context.Context, client *egoscale.Client) (egoscale.UUID, error) {
	templates, err := client.ListTemplates(ctx)
	if err != nil {
		return "", err
	}
	template, err := templates.FindTemplate("Linux Debian 13 (Trixie) 64-bit")
	if err != nil {
		return "", err
	}
	types, err := client.ListInstanceTypes(ctx)
	if err != nil {
		return "", err
	}
	micro, err := types.FindInstanceTypeByIdOrFamilyAndSize("standard.micro")
	if err != nil {
		return "", err
	}
	return wait(ctx, client)(client.CreateInstancePool(ctx, egoscale.CreateInstancePoolRequest{
		Name: "web", Size: 1, DiskSize: 10, Template: &template, InstanceType: &micro,
	}))
}

func createLoadBalancer(ctx context.Context, client *egoscale.Client, pool egoscale.UUID) (string, error) {
	id, err := wait(ctx, client)(client.CreateLoadBalancer(ctx, egoscale.CreateLoadBalancerRequest{Name: "web"}))
	if err != nil {
		return "", err
	}
	_, err = wait(ctx, client)(client.AddServiceToLoadBalancer(ctx, id, egoscale.AddServiceToLoadBalancerRequest{
		Name: "web", InstancePool: &egoscale.InstancePool{ID: pool}, Port: port, TargetPort: 8080,
		Protocol: egoscale.AddServiceToLoadBalancerRequestProtocolTCP,
		Strategy: egoscale.AddServiceToLoadBalancerRequestStrategyRoundRobin,
		Healthcheck: &egoscale.LoadBalancerServiceHealthcheck{
			Mode: egoscale.LoadBalancerServiceHealthcheckModeHTTP, Port: 8080, URI: "/health", Interval: 5, Timeout: 2, Retries: 1,
		},
	}))
	if err != nil {
		return "", err
	}
	balancer, err := client.GetLoadBalancer(ctx, id)
	if err != nil {
		return "", err
	}
	return balancer.IP.String(), nil
}

// wait returns a function that waits for an operation to succeed and returns
// what it is about.
func wait(ctx context.Context, client *egoscale.Client) func(*egoscale.Operation, error) (egoscale.UUID, error) {
	return func(operation *egoscale.Operation, err error) (egoscale.UUID, error) {
		if err != nil {
			return "", err
		}
		operation, err = client.Wait(ctx, operation, egoscale.OperationStateSuccess)
		switch {
		case err != nil:
			return "", err
		case operation.Reference == nil:
			return "", errors.New("the operation names no resource")
		}
		return operation.Reference.ID, nil
	}
}
