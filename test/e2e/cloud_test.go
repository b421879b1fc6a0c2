package e2e_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/fakecloud"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/fake/machine/process"
)

// A cloud is an empty account on this host.
type cloud struct {
	*exoapi.Cloud
	fake *fakecloud.Cloud
	// environ brings a program to this cloud that wants to talk to the real one.
	environ map[string]string
}

// newCloud returns a cloud that runs until the test ends, with processes as its
// machines, or with none.
func newCloud(t *testing.T, speed float64, processes bool) *cloud {
	t.Helper()
	cfg := fakecloud.Config{
		Speed: speed, Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
	if processes {
		cfg.Machines = fakecloud.Processes(process.Config{Dir: t.TempDir()})
	}
	return startCloud(t, cfg)
}

// startCloud starts a cloud that runs until the test ends. Programs find it as
// they find the real one, by its proxy, and get no other way to it.
func startCloud(t *testing.T, cfg fakecloud.Config) *cloud {
	t.Helper()
	cfg.Environ = os.Environ()
	fake, err := fakecloud.Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, fake.Close()) })
	connection := fake.Connection()
	c := &cloud{Cloud: fake.API(), fake: fake, environ: map[string]string{"SSL_CERT_FILE": connection.CertFile}}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		c.environ[name] = connection.URL
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		c.environ[name] = "127.0.0.0/8"
	}
	return c
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
		if health == driverapi.HealthSuccess {
			good++
		}
	}
	return good == n
}

// application returns the address of the application behind the load balancer.
func (c *cloud) application(t *testing.T) string {
	t.Helper()
	require.Len(t, c.Balancers(), 1)
	endpoint, ok := c.fake.Endpoint(c.Balancers()[0].ID, 80)
	require.True(t, ok, "the load balancer forwards port 80")
	return fmt.Sprintf("http://%s", endpoint)
}

// openings returns what the security groups let in, without the installation's
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
