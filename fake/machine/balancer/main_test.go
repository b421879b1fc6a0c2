package balancer_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/fake/machine/balancer"
)

// timeout is the deadline of every wait; a wait that succeeds is far shorter.
const timeout = 10 * time.Second

// A testSet has loopback networks, whose targets are what a test listens with.
type testSet struct {
	*balancer.Set

	Instances, Balancers netip.Prefix

	mu  sync.Mutex
	off map[string]bool
}

// newSet returns a set that ends with the test.
func newSet(tb testing.TB, cfg balancer.Config) *testSet {
	tb.Helper()
	// Networks that no test program beside this one has.
	pid := os.Getpid()
	t := &testSet{
		Instances: netip.PrefixFrom(netip.AddrFrom4([4]byte{127, byte(130 + pid%60), byte(pid / 60)}), 24),
		Balancers: netip.PrefixFrom(netip.AddrFrom4([4]byte{127, byte(190 + pid%60), byte(pid / 60)}), 24),
		off:       map[string]bool{},
	}
	cfg.On = func(id string) bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		return !t.off[id]
	}
	var err error
	t.Set, err = balancer.NewSet(tb.Context(), cfg)
	require.NoError(tb, err)
	tb.Cleanup(t.Close)
	return t
}

// PowerOff tells the set that a machine was stopped, which its backend does not
// notice.
func (t *testSet) PowerOff(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.off[id] = true
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func addressOf(network netip.Prefix, i int) netip.Addr {
	a := network.Addr()
	for range i + 1 {
		a = a.Next()
	}
	return a
}

// fetch returns the body of a 200 answer, on a connection of its own.
func fetch(ctx context.Context, url string) (string, error) {
	return fetchWith(ctx, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, url)
}

func fetchWith(ctx context.Context, client *http.Client, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return string(body), nil
}

func eventually(t *testing.T, condition func() bool, message string, args ...any) {
	t.Helper()
	require.Eventually(t, condition, timeout, 5*time.Millisecond, append([]any{message}, args...)...)
}
