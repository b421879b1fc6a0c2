package network_test

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// elsewhere counts threads of this program that are in another namespace than
// its first one, which is what others take for the program's.
func elsewhere(t *testing.T) int {
	t.Helper()
	home, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	tasks, err := filepath.Glob("/proc/self/task/*/ns/net")
	require.NoError(t, err)
	require.NotEmpty(t, tasks)
	away := 0
	for _, task := range tasks {
		// A thread that has just ended is not away.
		if ns, err := os.Readlink(task); err == nil && ns != home {
			away++
		}
	}
	return away
}

func TestDialsWithoutAnAnswerTakeALimitedNumberOfThreads(t *testing.T) {
	n := newNetwork(t)
	a := attach(t, n, 0)
	require.NoError(t, protect(n, a.protection(nil, nil)))
	stranger := netip.MustParseAddr("203.0.113.8")
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var begun atomic.Int32
	for range 1500 {
		all.Go(func() {
			begun.Add(1)
			_, err := n.DialFrom(ctx, stranger, "tcp4", netip.AddrPortFrom(a.addr, 80).String())
			assert.Error(t, err)
		})
	}
	assert.Eventually(t, func() bool { return begun.Load() == 1500 && elsewhere(t) > 400 }, timeout, 5*time.Millisecond)
	assert.Never(t, func() bool { return elsewhere(t) > 512 }, time.Second, 50*time.Millisecond)
	cancel()
	all.Wait()
}

func TestThreadsThatWereInANamespaceEnd(t *testing.T) {
	n := newNetwork(t)
	home, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	l, err := n.Listen(t.Context(), "tcp4", netip.AddrPortFrom(n.Gateway(), 80).String())
	require.NoError(t, err)
	answer(t, l)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 25 {
				_, err := ask(n.DialContext, n.Gateway(), 80)
				assert.NoError(t, err)
				runtime.Gosched()
			}
		})
	}
	all.Wait()
	require.Eventually(t, func() bool { return elsewhere(t) == 0 }, timeout, 5*time.Millisecond)
	still, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	assert.Equal(t, home, still, "the main thread never leaves")
}
