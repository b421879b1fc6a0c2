package fakecloud_test

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/fakecloud"
)

// A load is what each client sends.
type load struct {
	takes  time.Duration // each request, on a member, without CPU time
	period time.Duration // from one request to the next
}

// clients are twenty at a constant rate: each sends a request every period,
// whether or not the last one has been answered. They repeat nothing.
type clients struct {
	sent, lost atomic.Int64
	cancel     context.CancelFunc
	running    sync.WaitGroup

	mu  sync.Mutex
	err error // of the first request lost
}

const perKind = 20

// startClients starts clients of the first load balancer that keep their
// connections, or do not.
func startClients(t *testing.T, cloud *fakecloud.Cloud, load load, keep bool) *clients {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := &clients{cancel: cancel}
	url := "http://" + cloud.API().Balancers()[0].Address.String() + "/load"
	begin := time.Now()
	for range perKind {
		first := begin
		begin = begin.Add(load.period / perKind)
		client := &http.Client{
			Transport: &http.Transport{DialContext: cloud.DialContext, DisableKeepAlives: !keep},
			Timeout:   load.takes + time.Minute,
		}
		c.running.Go(func() { c.send(ctx, client, url, first, load.period) })
	}
	t.Cleanup(c.stop)
	return c
}

// send sends the requests of one client until ctx ends.
func (c *clients) send(ctx context.Context, client *http.Client, url string, next time.Time, period time.Duration) {
	var requests sync.WaitGroup
	defer client.CloseIdleConnections()
	defer requests.Wait()
	for ; ; next = next.Add(period) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(next)):
		}
		c.sent.Add(1)
		requests.Go(func() { c.count(get(context.WithoutCancel(ctx), client, url)) })
	}
}

// count counts a request that is lost if there is an error.
func (c *clients) count(err error) {
	if err == nil {
		return
	}
	c.lost.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = cmp.Or(c.err, err)
}

// get reads an answer. Go's client repeats by itself what it sent on a kept
// connection whose end has answered nothing, unless the request has a body that
// can be read only once.
func get(ctx context.Context, client *http.Client, url string) error {
	once := io.NopCloser(strings.NewReader("."))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, once)
	if err != nil {
		return err
	}
	req.ContentLength = 1
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// awaitRounds waits until each client has sent as many more requests.
func awaitRounds(t *testing.T, n int64, all ...*clients) {
	t.Helper()
	targets := make([]int64, len(all))
	for i, c := range all {
		targets[i] = c.sent.Load() + n*perKind
	}
	for i, c := range all {
		require.Eventually(t, func() bool { return c.sent.Load() >= targets[i] }, time.Minute, time.Millisecond)
	}
}

// stop waits for the answers to what has been sent.
func (c *clients) stop() {
	c.cancel()
	c.running.Wait()
}

// countLost stops clients and returns how many requests they have lost.
func countLost(t *testing.T, keeping, others *clients) int64 {
	t.Helper()
	keeping.stop()
	others.stop()
	t.Logf("lost %s on connections that are kept (%v), and %s on others (%v)", keeping, keeping.err, others, others.err)
	return keeping.lost.Load() + others.lost.Load()
}

func (c *clients) String() string { return fmt.Sprintf("%d of %d", c.lost.Load(), c.sent.Load()) }

// A request that is sent on a kept connection, and never answered, is lost.
func TestClientsRepeatNothing(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			requests := bufio.NewReader(conn)
			for _, answer := range []string{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""} {
				if req, err := http.ReadRequest(requests); err == nil {
					_, _ = io.Copy(io.Discard, req.Body)
				}
				_, _ = io.WriteString(conn, answer)
			}
			_ = conn.Close()
		}
	}()
	client, url := &http.Client{Transport: &http.Transport{}}, "http://"+listener.Addr().String()+"/"
	defer client.CloseIdleConnections()
	require.NoError(t, get(t.Context(), client, url))
	assert.Error(t, get(t.Context(), client, url))
}
