package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/exopool/exopool/cmd/internal/settings"
	"github.com/exopool/exopool/fake/fakecloud"
)

// A firstPool is an instance pool that is there from the start.
type firstPool struct {
	name string
	size int
}

// maxFirstPool bounds the size of such a pool: its machines may be processes.
const maxFirstPool = 50

// addPools declares pools for those who have no client that makes one.
func addPools(set *settings.Set, into *[]firstPool) {
	settings.AddRepeated(set, into, settings.Spec{
		Flag: "pool", Help: "an instance pool that is there from the start, such as web=2, with a load balancer of the same name that forwards " +
			"port 80 to port 8080 of its members; may be repeated",
	}, settings.Kind[firstPool]{
		Arg: "NAME=SIZE", Remedy: "give NAME=SIZE, such as web=2, with a size from 0 to " + strconv.Itoa(maxFirstPool), Parse: parseFirstPool,
	})
	set.Check(func() {
		for i, p := range *into {
			if slices.ContainsFunc((*into)[:i], func(other firstPool) bool { return other.name == p.name }) {
				set.Wrong("flag -pool", "names "+p.name+" more than once", "give one size for each name")
			}
		}
	})
}

func parseFirstPool(text string) (firstPool, error) {
	name, number, _ := strings.Cut(text, "=")
	size, err := strconv.Atoi(number)
	if err != nil || size < 0 || size > maxFirstPool || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return firstPool{}, settings.ErrMalformed
	}
	return firstPool{name, size}, nil
}

// createPools creates the pools and load balancers that are not there yet, and
// says how to reach what they serve.
func createPools(ctx context.Context, cloud *fakecloud.Cloud, pools []firstPool, out io.Writer) error {
	for _, p := range pools {
		pool, err := findPool(ctx, cloud, p)
		if err != nil {
			return fmt.Errorf("create the pool %s: %w", p.name, err)
		}
		const port = 80
		balancer, err := findBalancer(ctx, cloud, fakecloud.Service{Name: p.name, Pool: pool, Port: port, TargetPort: 8080})
		if err != nil {
			return fmt.Errorf("create a load balancer for the pool %s: %w", p.name, err)
		}
		if address, ok := cloud.Endpoint(balancer, port); ok {
			fmt.Fprintf(out, "# The pool %s:   http://%s/\n", p.name, address)
		}
	}
	return nil
}

// findPool returns the id of the pool, of the state that was loaded or a new one.
func findPool(ctx context.Context, cloud *fakecloud.Cloud, p firstPool) (string, error) {
	for _, there := range cloud.API().Pools() {
		if there.Name == p.name {
			return there.ID, nil
		}
	}
	return cloud.CreatePool(ctx, fakecloud.Pool{Name: p.name, Size: p.size})
}

// findBalancer is findPool for the load balancer, and its service, to which a start
// that was interrupted did not come.
func findBalancer(ctx context.Context, cloud *fakecloud.Cloud, service fakecloud.Service) (string, error) {
	for _, there := range cloud.API().Balancers() {
		if there.Name != service.Name {
			continue
		}
		if len(there.Services) == 0 {
			return there.ID, cloud.AddService(ctx, there.ID, service)
		}
		return there.ID, nil
	}
	return cloud.CreateBalancer(ctx, service)
}
