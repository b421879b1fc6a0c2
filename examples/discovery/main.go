// Command discovery writes the addresses of two machines, which it knows from
// somewhere else, as targets of Prometheus.
package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/exopool/exopool/discovery"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "discovery:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "discovery")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "targets.json")
	agent, err := discovery.New(discovery.Config{Lister: inventory{}, Pools: []string{"web"}, File: file})
	if err != nil {
		return err
	}
	// A program calls agent.Run, which does this every ten seconds.
	if err := agent.RunOnce(ctx); err != nil {
		return err
	}
	content, err := os.ReadFile(file) //nolint:gosec // it was made above
	fmt.Print(string(content))
	return err
}

// An inventory is where the machines are known.
type inventory struct{}

// Instances returns the machines of the pools.
func (inventory) Instances(context.Context, []string) ([]discovery.Instance, error) {
	return []discovery.Instance{
		{ID: "a", PoolID: "web", IPv4: netip.MustParseAddr("192.0.2.3")},
		{ID: "b", PoolID: "web", IPv4: netip.MustParseAddr("192.0.2.20")},
	}, nil
}

// Pool returns how many there should be, so that a short list is not believed.
func (inventory) Pool(context.Context, string) (discovery.Pool, error) {
	return discovery.Pool{ID: "web", Size: 2}, nil
}
