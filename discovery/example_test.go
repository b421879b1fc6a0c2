package discovery_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/exopool/exopool/discovery"
)

// twoMembers is a provider with one pool of two members.
type twoMembers struct{}

func (twoMembers) Instances(context.Context, []string) ([]discovery.Instance, error) {
	return []discovery.Instance{
		{ID: "b", PoolID: "web", IPv4: netip.MustParseAddr("192.0.2.20")},
		{ID: "a", PoolID: "web", IPv4: netip.MustParseAddr("192.0.2.3")},
	}, nil
}

func (twoMembers) Pool(context.Context, string) (discovery.Pool, error) {
	return discovery.Pool{ID: "web", Size: 2}, nil
}

// Programs call Run, which does this again and again.
func ExampleAgent_RunOnce() {
	dir, err := os.MkdirTemp("", "discovery")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "config.json")

	agent, err := discovery.New(discovery.Config{Lister: twoMembers{}, Pools: []string{"web"}, File: file})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := agent.RunOnce(context.Background()); err != nil {
		fmt.Println(err)
	}
	content, err := os.ReadFile(file)
	fmt.Print(string(content))
	if err != nil {
		fmt.Println(err)
	}
	// Output: [{"targets":["192.0.2.3:9100","192.0.2.20:9100"],"labels":{}}]
}

func ExampleAgent_Handler() {
	dir, err := os.MkdirTemp("", "discovery")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	registry := prometheus.NewRegistry()
	agent, err := discovery.New(discovery.Config{
		Lister: twoMembers{}, Pools: []string{"web"}, File: filepath.Join(dir, "config.json"),
		Labels: true, LabelPrefix: "__meta_example_", Registerer: registry,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := agent.Handler(registry)
	get := func(path string) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil))
		fmt.Println(w.Code)
	}
	get("/targets") // nothing is known yet
	if err := agent.RunOnce(context.Background()); err != nil {
		fmt.Println(err)
	}
	get("/targets")
	get("/readyz")
	// Output:
	// 503
	// 200
	// 200
}
