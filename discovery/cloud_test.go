package discovery_test

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/exopool/exopool/discovery"
)

// A cloud is a provider in memory that counts calls and fails on demand.
type cloud struct {
	mu       sync.Mutex
	pools    map[string]discovery.Pool
	members  []discovery.Instance
	backends []discovery.Backend
	failing  map[string]error // by method, until changed
	calls    map[string]int
	born     map[string]int  // members ever, by pool
	hidden   map[string]bool // ids of members that lists lack
	sizeOnly bool            // pools do not name their members
	// hook runs in every call before it answers.
	hook func(ctx context.Context, method string)
}

func newCloud() *cloud {
	return &cloud{pools: map[string]discovery.Pool{}, failing: map[string]error{}, calls: map[string]int{}, born: map[string]int{}, hidden: map[string]bool{}}
}

// grow adds a pool with one member for each address; an empty address is a
// member that has none.
func (c *cloud) grow(pool string, addrs ...string) *cloud {
	c.mu.Lock()
	defer c.mu.Unlock()
	have := c.pools[pool].Size
	for _, addr := range addrs {
		member := discovery.Instance{ID: fmt.Sprintf("%s-%03d", pool, c.born[pool]), PoolID: pool, State: "running"}
		if ip, err := netip.ParseAddr(addr); err == nil && ip.Is4() {
			member.IPv4 = ip
		} else if err == nil {
			member.IPv6 = ip
		}
		c.members = append(c.members, member)
		c.born[pool]++
	}
	c.pools[pool] = discovery.Pool{ID: pool, Name: "the " + pool, State: "running", Size: have + len(addrs)}
	return c
}

// hide makes lists lack all members but the first n.
func (c *cloud) hide(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.hidden)
	for _, member := range c.members[n:] {
		c.hidden[member.ID] = true
	}
}

// empty takes all members away; the pools stay, with the size given.
func (c *cloud) empty(size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = nil
	for id, pool := range c.pools {
		pool.Size = size
		c.pools[id] = pool
	}
}

// leave takes the first n members away, as the pool itself does.
func (c *cloud) leave(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, member := range c.members[:n] {
		pool := c.pools[member.PoolID]
		pool.Size--
		c.pools[member.PoolID] = pool
	}
	c.members = slices.Clone(c.members[n:])
}

// kill takes the first member away, which the pool has not noticed.
func (c *cloud) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = slices.Clone(c.members[1:])
}

func (c *cloud) fail(method string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failing[method] = err
}

func (c *cloud) count(method string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[method]
}

// call records a call and returns its error.
func (c *cloud) call(ctx context.Context, method string) error {
	c.mu.Lock()
	c.calls[method]++
	hook := c.hook
	c.mu.Unlock()
	if hook != nil {
		hook(ctx, method)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.failing[method]; err != nil {
		return err
	}
	return ctx.Err()
}

func (c *cloud) Instances(ctx context.Context, poolIDs []string) ([]discovery.Instance, error) {
	if err := c.call(ctx, "Instances"); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []discovery.Instance
	for _, member := range c.members {
		if slices.Contains(poolIDs, member.PoolID) && !c.hidden[member.ID] {
			out = append(out, member)
		}
	}
	return out, nil
}

func (c *cloud) Pool(ctx context.Context, id string) (discovery.Pool, error) {
	if err := c.call(ctx, "Pool"); err != nil {
		return discovery.Pool{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	pool, ok := c.pools[id]
	if !ok {
		return discovery.Pool{}, fmt.Errorf("pool %s: %w", id, discovery.ErrPoolNotFound)
	}
	for _, member := range c.members {
		if member.PoolID == id && !c.sizeOnly {
			pool.Members = append(pool.Members, member.ID)
		}
	}
	return pool, nil
}

func (c *cloud) Backends(ctx context.Context) ([]discovery.Backend, error) {
	if err := c.call(ctx, "Backends"); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.backends), nil
}

// ResolvePool finds pools by the name that grow gave them.
func (c *cloud) ResolvePool(ctx context.Context, name string) (string, error) {
	if err := c.call(ctx, "ResolvePool"); err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(c.pools)) {
		if c.pools[id].Name == name {
			return id, nil
		}
	}
	return "", fmt.Errorf("pool named %s: %w", name, discovery.ErrPoolNotFound)
}

// config is for one pool, "web", in its own file.
func config(tb testing.TB, c *cloud) discovery.Config {
	tb.Helper()
	return discovery.Config{
		Lister: c, Pools: []string{"web"}, Zone: "at-vie-1", LabelPrefix: "__meta_exoscale_",
		File: filepath.Join(tb.TempDir(), "sd", "config.json"),
	}
}

func newAgent(tb testing.TB, cfg discovery.Config) *discovery.Agent {
	tb.Helper()
	agent, err := discovery.New(cfg)
	require.NoError(tb, err)
	return agent
}

func read(tb testing.TB, path string) string {
	tb.Helper()
	content, err := os.ReadFile(path)
	require.NoError(tb, err)
	return string(content)
}

// onlyFile asserts that nothing else, such as a temporary file, is left.
func onlyFile(tb testing.TB, path string) {
	tb.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(tb, err)
	require.Len(tb, entries, 1)
	require.Equal(tb, filepath.Base(path), entries[0].Name())
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
