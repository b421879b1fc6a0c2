package e2e_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/gruntwork-io/terratest/modules/terraform"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/exopool/exopool/drain"
	"github.com/exopool/exopool/exoscale"
	"github.com/exopool/exopool/fake/exoapi"
	"github.com/exopool/exopool/fake/machine/driverapi"
	"github.com/exopool/exopool/internal/tcprelay"
)

// settleTime is more than a load balancer and a member need to agree.
const settleTime = 2 * time.Minute

// TestDrainOnMachinesThatBoot drains one of two members, from the monitoring
// machine, while clients use both.
func TestDrainOnMachinesThatBoot(t *testing.T) {
	tools := open(t)
	network := bootingNetwork{prefix: "exopooldra", addresses: "198.19.32.0/20"}
	network.config(t, slog.New(slog.DiscardHandler)) // skips
	t.Parallel()
	c, said := newBootingCloud(t, network, 1, nil)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the cloud:\n%s", said)
		}
	})
	key, secret := c.Credential()
	i := prepare(t, tools, key, secret, c.environ, map[string]any{"provision": false, "minimum": 2})
	terraform.Apply(t, i.options)
	t.Logf("members are healthy after %s", await(t, 5*time.Minute, func() bool { return c.healthy(2) }, "members are healthy"))

	var members []exoapi.InstanceInfo
	var monitoring exoapi.InstanceInfo
	for _, instance := range c.Instances() {
		if instance.PoolID != "" {
			members = append(members, instance)
		} else {
			monitoring = instance
		}
	}
	going, staying := members[0], members[1]
	_, err := (&net.Dialer{Timeout: 3 * time.Second}).DialContext(t.Context(), "tcp4", netip.AddrPortFrom(going.Address, 9101).String())
	require.Error(t, err, "this host is not the monitoring machine")
	shell := i.login(t, monitoring)
	first, second := newDrainClient(t, c, shell, going, 2*time.Minute), newDrainClient(t, c, shell, staying, 2*time.Minute)

	url := c.application(t) + "/health"
	v := startVisits(t, url, false)

	t.Run("a member finishes its connections and gets no new ones", func(t *testing.T) {
		kept := keepConnections(t, url, 8)
		_, err := first.Drain(t.Context(), "127.0.0.1")
		require.NoError(t, err)
		t.Logf("unhealthy after %s", c.awaitHealth(t, going, driverapi.HealthFailure))
		open, err := first.Drain(t.Context(), "127.0.0.1")
		require.NoError(t, err)
		assert.True(t, open > 0 && open < 8, "%d of 8 connections that are kept open", open)
		t.Logf("%d of 8 connections that are kept open", open)
		for _, client := range kept {
			client.ask(t) // they still work
		}
		for _, client := range kept {
			client.end()
		}
		t.Logf("without connections after %s", await(t, settleTime, func() bool {
			open, err = first.Drain(t.Context(), "127.0.0.1")
			return assert.NoError(t, err) && open == 0
		}, "connections end"))
		kept = keepConnections(t, url, 8)
		open, err = first.Drain(t.Context(), "127.0.0.1")
		require.NoError(t, err)
		assert.Zero(t, open, "new connections go elsewhere")
		for _, client := range kept {
			client.end()
		}
	})
	t.Run("it comes back when the drain ends", func(t *testing.T) {
		require.NoError(t, first.Resume(t.Context(), "127.0.0.1"))
		t.Logf("healthy after %s", c.awaitHealth(t, going, driverapi.HealthSuccess))
	})
	t.Run("connections that clients keep open end with the application", func(t *testing.T) {
		_, err := second.Stop(t.Context(), "127.0.0.1")
		require.ErrorContains(t, err, "there is no drain")
		kept := keepConnections(t, url, 8)
		_, err = second.Drain(t.Context(), "127.0.0.1")
		require.NoError(t, err)
		c.awaitHealth(t, staying, driverapi.HealthFailure)
		slow := make(chan error, 1)
		go func() {
			slow <- visit(context.WithoutCancel(t.Context()), &http.Client{Transport: &http.Transport{}, Timeout: settleTime},
				fmt.Sprintf("http://%v:8080/load", staying.Address))
		}()
		var before int
		await(t, settleTime, func() bool {
			open, err := second.Drain(t.Context(), "127.0.0.1")
			before = max(before, open)
			return assert.NoError(t, err) && open > 1 && len(slow) == 0
		}, "the slow request and kept connections are open")
		open, err := second.Stop(t.Context(), "127.0.0.1")
		require.NoError(t, err)
		t.Logf("%d connections, %d when it was told to end, none after %s", before, open, await(t, settleTime, func() bool {
			open, err := second.Drain(t.Context(), "127.0.0.1")
			return assert.NoError(t, err) && open == 0
		}, "connections end"))
		require.NoError(t, <-slow, "what was asked is answered")
		for _, client := range kept {
			client.ask(t) // on a new connection, if it was cut
			client.end()
		}
	})
	t.Run("it comes back when nobody extends the drain", func(t *testing.T) {
		short := newDrainClient(t, c, shell, staying, time.Second)
		_, err := short.Drain(t.Context(), "127.0.0.1")
		require.NoError(t, err)
		t.Logf("healthy after %s", c.awaitHealth(t, staying, driverapi.HealthSuccess))
	})
	assert.Empty(t, v.end(t), "requests fail")
	terraform.Destroy(t, i.options)
}

// login logs in to the monitoring machine as the output ssh_command does.
func (i installation) login(t *testing.T, machine exoapi.InstanceInfo) *ssh.Client {
	t.Helper()
	keys := map[string]map[string]any{}
	for _, r := range i.state(t) {
		if r.Type == "tls_private_key" {
			keys[r.Name] = r.AttributeValues
		}
	}
	signer, err := ssh.ParsePrivateKey(fmt.Append(nil, keys["deploy"]["private_key_openssh"]))
	require.NoError(t, err)
	hostKey, _, _, _, err := ssh.ParseAuthorizedKey(fmt.Append(nil, keys["host"]["public_key_openssh"]))
	require.NoError(t, err)
	return login(t, machine, signer, ssh.FixedHostKey(hostKey))
}

// login logs in to a machine, once it lets its operator in.
func login(t *testing.T, machine exoapi.InstanceInfo, signer ssh.Signer, hostKey ssh.HostKeyCallback) *ssh.Client {
	t.Helper()
	var shell *ssh.Client
	await(t, settleTime, func() (in bool) {
		var err error
		shell, err = ssh.Dial("tcp4", netip.AddrPortFrom(machine.Address, 22).String(), &ssh.ClientConfig{
			User: "debian", Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: hostKey, Timeout: 10 * time.Second,
		})
		return err == nil
	}, "the machine lets its operator in")
	t.Cleanup(func() { shell.Close() })
	return shell
}

// newDrainClient returns a client of one member, at 127.0.0.1, through the
// monitoring machine.
func newDrainClient(t *testing.T, c *cloud, through *ssh.Client, m exoapi.InstanceInfo, lease time.Duration) *drain.Client {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	relay := tcprelay.Server{Logger: slog.New(slog.DiscardHandler), Handle: func(ctx context.Context, conn net.Conn) {
		to, err := through.DialContext(ctx, "tcp4", netip.AddrPortFrom(m.Address, 9101).String())
		if err != nil {
			tcprelay.Reset(conn)
			return
		}
		tcprelay.Join(ctx, conn, to)
	}}
	background(t, func(ctx context.Context) error { relay.Serve(ctx, l); return nil })
	key, secret := c.Credential()
	api, err := exoscale.New(exoscale.Config{
		Key: key, Secret: secret, Zone: "at-vie-1", Endpoint: "http://127.0.0.1:1/v2", Transport: c.Transport(),
	})
	require.NoError(t, err)
	client, err := drain.New(drain.Config{Checks: api.HealthCheckSources, Port: l.Addr().(*net.TCPAddr).Port, Lease: lease})
	require.NoError(t, err)
	return client
}

// awaitHealth waits until the load balancer says this of a member.
func (c *cloud) awaitHealth(t *testing.T, m exoapi.InstanceInfo, want driverapi.Health) time.Duration {
	t.Helper()
	return await(t, settleTime, func() bool { return c.Balancers()[0].Services[0].Health[m.ID] == want }, "the member's health is "+string(want))
}

// A keptConnection is a client that keeps its connection open.
type keptConnection struct {
	url    string
	client *http.Client
}

// keepConnections returns clients that have a connection each.
func keepConnections(t *testing.T, url string, n int) []keptConnection {
	t.Helper()
	kept := make([]keptConnection, n)
	for k := range kept {
		kept[k] = keptConnection{url, &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}}
		kept[k].ask(t)
	}
	return kept
}

func (k keptConnection) ask(t *testing.T) {
	t.Helper()
	assert.NoError(t, visit(t.Context(), k.client, k.url))
}

func (k keptConnection) end() { k.client.CloseIdleConnections() }

// visit sends one request.
func visit(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

// visits are requests of four clients.
type visits struct {
	stop    func()
	running sync.WaitGroup

	mu     sync.Mutex
	served int
	failed []error
}

// startVisits starts four clients without a pause worth mentioning. They keep their
// connections, or each request has one of its own.
func startVisits(t *testing.T, url string, keep bool) *visits {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	v := &visits{stop: stop}
	t.Cleanup(stop)
	for range 4 {
		v.running.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: !keep}, Timeout: 20 * time.Second}
			defer client.CloseIdleConnections()
			ticker := time.NewTicker(50 * time.Millisecond)
			defer ticker.Stop()
			for ctx.Err() == nil {
				err := visit(context.WithoutCancel(ctx), client, url)
				v.mu.Lock()
				v.served++
				if err != nil {
					v.failed = append(v.failed, err)
				}
				v.mu.Unlock()
				select {
				case <-ctx.Done():
				case <-ticker.C:
				}
			}
		})
	}
	return v
}

// end returns what failed.
func (v *visits) end(t *testing.T) []error {
	t.Helper()
	v.stop()
	v.running.Wait()
	t.Logf("%d requests, %d failed", v.served, len(v.failed))
	return v.failed
}
