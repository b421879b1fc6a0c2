package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/infra"
	"github.com/exopool/exopool/fake/intercept"
	"github.com/exopool/exopool/fake/machine/process"
)

// A cloud is an empty account on this computer.
type cloud struct {
	*exoapi.Cloud
	driver *process.Driver // nil where machines exist on paper only
	// environ brings a program to this cloud that wants to talk to the real one.
	environ map[string]string
}

// newCloud returns a cloud that runs until the test ends, with or without
// processes as its machines.
func newCloud(t *testing.T, speed float64, processes bool) *cloud {
	t.Helper()
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	c := &cloud{}
	cfg := exoapi.Config{Timing: exoapi.Timing{Speed: speed}, Logger: quiet}
	var err error
	if processes {
		c.driver, err = process.New(t.Context(), process.Config{Log: quiet, Speed: speed, Dir: t.TempDir()})
		require.NoError(t, err)
		cfg.Machines = c.driver
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			require.NoError(t, c.driver.Close(ctx))
		})
	}
	c.Cloud, err = exoapi.New(cfg)
	require.NoError(t, err)
	c.run(t)
	authority, err := intercept.NewAuthority("exoscale.com")
	require.NoError(t, err)
	c.intercept(t, authority, quiet)
	return c
}

// run lets time pass until the test ends.
func (c *cloud) run(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); c.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		<-ended
		c.Close()
	})
}

// intercept answers for the real API's addresses until the test ends, and
// leads programs of this computer there.
func (c *cloud) intercept(t *testing.T, authority *intercept.Authority, log *slog.Logger) *intercept.Proxy {
	t.Helper()
	proxy, err := intercept.New(intercept.Config{
		Domains: []string{"exoscale.com"}, Handler: c.Handler(), Authority: authority, Upstream: http.ProxyFromEnvironment, Logger: log,
	})
	require.NoError(t, err)
	server := httptest.NewServer(proxy)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = proxy.Close(ctx) // whoever is still there loses the connection
		server.Close()
	})
	bundle := filepath.Join(t.TempDir(), "certificates.pem")
	require.NoError(t, os.WriteFile(bundle, proxy.Bundle(os.Getenv("SSL_CERT_FILE")), 0o600))
	c.environ = map[string]string{"SSL_CERT_FILE": bundle}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		c.environ[name] = server.URL
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		c.environ[name] = "127.0.0.0/8"
	}
	return proxy
}

// inventory is all that can be in an account and costs money or takes a name.
func (c *cloud) inventory(t *testing.T) string {
	t.Helper()
	all := map[string]any{}
	for _, kind := range []string{
		"instance", "instance-pool", "load-balancer", "security-group", "ssh-key", "iam-role", "api-key",
		"anti-affinity-group", "private-network", "elastic-ip",
	} {
		var list map[string]any
		require.NoError(t, c.Call(t.Context(), http.MethodGet, "/v2/"+kind, nil, &list))
		all[kind] = list
	}
	text, err := json.MarshalIndent(all, "", " ")
	require.NoError(t, err)
	return string(text)
}

// members are the instances of the only pool.
func (c *cloud) members() int {
	n := 0
	for _, i := range c.Instances() {
		if i.PoolID != "" {
			n++
		}
	}
	return n
}

// healthy reports whether the load balancer calls n members healthy, and no
// other is in the pool.
func (c *cloud) healthy(n int) bool {
	balancers := c.Balancers()
	if c.members() != n || len(balancers) != 1 || len(balancers[0].Services) != 1 {
		return false
	}
	good := 0
	for _, health := range balancers[0].Services[0].Health {
		if health == infra.HealthSuccess {
			good++
		}
	}
	return good == n
}

// application returns the address of the application behind the load balancer.
func (c *cloud) application(t *testing.T) string {
	t.Helper()
	require.Len(t, c.Balancers(), 1)
	endpoint, ok := c.driver.Endpoint(c.Balancers()[0].ID, 80)
	require.True(t, ok, "the load balancer forwards port 80")
	return fmt.Sprintf("http://%s", endpoint)
}

// openings tells what the security groups let in, without the installation's
// name.
func (c *cloud) openings(t *testing.T) []string {
	t.Helper()
	var list struct {
		Groups []struct {
			ID, Name string
			Rules    []struct {
				Direction string `json:"flow-direction"`
				Network   string
				StartPort int                 `json:"start-port"`
				EndPort   int                 `json:"end-port"`
				From      struct{ ID string } `json:"security-group"`
			}
		} `json:"security-groups"`
	}
	require.NoError(t, c.Call(t.Context(), http.MethodGet, "/v2/security-group", nil, &list))
	names := map[string]string{}
	for _, g := range list.Groups {
		names[g.ID] = g.Name[strings.LastIndex(g.Name, "-")+1:]
	}
	var openings []string
	for _, g := range list.Groups {
		for _, r := range g.Rules {
			require.Equal(t, "ingress", r.Direction)
			require.Equal(t, r.StartPort, r.EndPort)
			from := r.Network
			if r.From.ID != "" {
				from = names[r.From.ID]
			}
			openings = append(openings, fmt.Sprintf("%s %d from %s", names[g.ID], r.StartPort, from))
		}
	}
	return openings
}
